(** The probabilities of one event along a path of neighbouring datasets, and
    the largest distance between the two ends (theory, Thm 1 and Thm 2).

    [e >= 1] stands for [exp eps], [d >= 0] for [delta], [n] for the number of
    steps, that is, of records that change.  Nothing outside Coq's standard
    library is used. *)

From Coq Require Import Reals Lra Lia Psatz Arith.
Local Open Scope R_scope.

(** * Definitions

    These are what a reader has to trust; everything after them is checked. *)

(** [p k] is the probability of one fixed event under the [k]-th dataset of the
    path.  (eps, delta)-DP bounds the event going up the path and its complement
    going down.  The two other inequalities that DP gives are left out: the
    bounds hold without them, and the extremal path, which is monotone, obeys
    them anyway. *)
Record chain (e d : R) (n : nat) (p : nat -> R) : Prop := {
  chain_range : forall k, (k <= n)%nat -> 0 <= p k <= 1;
  chain_up    : forall k, (k < n)%nat -> p (S k) <= e * p k + d;
  chain_down  : forall k, (k < n)%nat -> 1 - p k <= e * (1 - p (S k)) + d }.

(** [geo e m = 1 + e + ... + e^(m-1)]. *)
Fixpoint geo (e : R) (m : nat) : R :=
  match m with O => 0 | S k => 1 + e * geo e k end.

(** The value at the middle of the extremal path: a half if the path has a
    middle dataset, otherwise the lower end of its middle step, the fixed point
    of the trade-off curve. *)
Definition middle (e d : R) (n : nat) : R :=
  if Nat.even n then / 2 else (1 - d) / (1 + e).

(** The probability at the start of the extremal path, [n/2] steps before the
    middle; it ends at [1 - start]. *)
Definition start (e d : R) (n : nat) : R :=
  Rmax 0 ((middle e d n - d * geo e (Nat.div2 n)) / e ^ Nat.div2 n).

(** The exact bound, and the group-privacy bound of the poster. *)
Definition exact_gap (e d : R) (n : nat) : R := 1 - 2 * start e d n.
Definition poster_gap (e d : R) (n : nat) : R :=
  (e ^ n - 1) / (e ^ n + 1) + 2 * geo e n / (e ^ n + 1) * d.

(** * Geometric sums *)

Lemma geo_closed e m : e <> 1 -> geo e m = (e ^ m - 1) / (e - 1).
Proof.
  intros He; induction m as [|m IH]; simpl; [field; lra|].
  rewrite IH; field; lra.
Qed.

Lemma geo_one m : geo 1 m = INR m.
Proof. induction m as [|m IH]; [reflexivity|]. rewrite S_INR; simpl; rewrite IH; lra. Qed.

Lemma geo_S e m : geo e (S m) = geo e m + e ^ m.
Proof.
  induction m as [|m IH]; [simpl; lra|].
  change (1 + e * geo e (S m) = 1 + e * geo e m + e * e ^ m). rewrite IH; lra.
Qed.

Lemma geo_add e a b : geo e (a + b) = geo e a + e ^ a * geo e b.
Proof. induction a as [|a IH]; simpl; [lra|rewrite IH; lra]. Qed.

Lemma pow_ge1 e m : 1 <= e -> 1 <= e ^ m.
Proof. intros He; apply pow_R1_Rle; exact He. Qed.

Lemma geo_pos e m : 1 <= e -> 0 <= geo e m.
Proof. intros He; induction m as [|m IH]; simpl; nra. Qed.

(** * Several steps at once *)

Section Path.
Variables (e d : R) (n : nat) (p : nat -> R).
Hypotheses (He : 1 <= e) (Hp : chain e d n p).

Lemma up_steps i j : (i + j <= n)%nat -> p (i + j)%nat <= e ^ j * p i + d * geo e j.
Proof.
  induction j as [|j IH]; intros Hij.
  - rewrite Nat.add_0_r; simpl; lra.
  - replace (i + S j)%nat with (S (i + j)) by lia.
    pose proof (chain_up _ _ _ _ Hp (i + j)%nat ltac:(lia)).
    specialize (IH ltac:(lia)). simpl. nra.
Qed.

Lemma down_steps i j : (i + j <= n)%nat ->
  1 - p i <= e ^ j * (1 - p (i + j)%nat) + d * geo e j.
Proof.
  induction j as [|j IH]; intros Hij.
  - rewrite Nat.add_0_r; simpl; lra.
  - pose proof (chain_down _ _ _ _ Hp (i + j)%nat ltac:(lia)) as H.
    specialize (IH ltac:(lia)). rewrite geo_S.
    replace (i + S j)%nat with (S (i + j)) by lia.
    pose proof (pow_ge1 e j He). simpl. nra.
Qed.

(** Thm 1: group privacy bounds the gap. *)
Theorem poster_bound : p n - p O <= poster_gap e d n.
Proof.
  pose proof (up_steps 0 n ltac:(lia)) as Hu.
  pose proof (down_steps 0 n ltac:(lia)) as Hl. simpl in Hu, Hl.
  pose proof (pow_ge1 e n He) as HE. unfold poster_gap.
  set (E := e ^ n) in *; set (g := geo e n) in *.
  replace ((E - 1) / (E + 1) + 2 * g / (E + 1) * d)
    with ((E - 1 + 2 * g * d) / (E + 1)) by (field; lra).
  apply Rmult_le_reg_r with (E + 1); [lra|].
  unfold Rdiv; rewrite Rmult_assoc, Rinv_l by lra. lra.
Qed.

(** The least probability that an event of probability [x] can have [m] steps
    earlier.  It is convex in [x], so two halves cost most evenly split: this is
    where the gain over group privacy comes from. *)
Definition cost (m : nat) (x : R) : R := Rmax 0 ((x - d * geo e m) / e ^ m).

Lemma cost_two m x y z : 2 * z <= x + y -> 2 * cost m z <= cost m x + cost m y.
Proof.
  intros H. pose proof (pow_ge1 e m He) as HE. unfold cost, Rdiv.
  assert (0 < / e ^ m) by (apply Rinv_0_lt_compat; lra).
  set (i := / e ^ m) in *. set (g := d * geo e m).
  assert ((z - g) * i * 2 <= (x - g) * i + (y - g) * i) by nra.
  unfold Rmax; repeat destruct Rle_dec; lra.
Qed.

Lemma cost_first m : (m <= n)%nat -> cost m (p m) <= p O.
Proof.
  intros Hm. pose proof (up_steps 0 m Hm) as H. simpl in H.
  pose proof (pow_ge1 e m He) as HE. apply Rmax_lub.
  - apply (chain_range _ _ _ _ Hp); lia.
  - apply Rmult_le_reg_r with (e ^ m); [lra|].
    unfold Rdiv; rewrite Rmult_assoc, Rinv_l by lra. lra.
Qed.

Lemma cost_last m i : (i + m = n)%nat -> cost m (1 - p i) <= 1 - p n.
Proof.
  intros Hm. pose proof (down_steps i m ltac:(lia)) as H. rewrite Hm in H.
  pose proof (pow_ge1 e m He) as HE. apply Rmax_lub.
  - pose proof (chain_range _ _ _ _ Hp n ltac:(lia)); lra.
  - apply Rmult_le_reg_r with (e ^ m); [lra|].
    unfold Rdiv; rewrite Rmult_assoc, Rinv_l by lra. lra.
Qed.

(** Thm 2, upper half: the gap never exceeds [exact_gap]. *)
Theorem exact_bound : p n - p O <= exact_gap e d n.
Proof.
  unfold exact_gap, start. fold (cost (Nat.div2 n) (middle e d n)). unfold middle.
  set (m := Nat.div2 n).
  pose proof (Nat.div2_odd n) as Hn. fold m in Hn.
  rewrite <- Nat.negb_odd. destruct (Nat.odd n); simpl in Hn |- *.
  - pose proof (cost_first m ltac:(lia)) as H0.
    pose proof (cost_last m (S m) ltac:(lia)) as H1.
    pose proof (chain_up _ _ _ _ Hp m ltac:(lia)) as Hu.
    pose proof (chain_down _ _ _ _ Hp m ltac:(lia)) as Hl.
    enough (2 * cost m ((1 - d) / (1 + e)) <= cost m (p m) + cost m (1 - p (S m))) by lra.
    apply cost_two. set (z := (1 - d) / (1 + e)).
    assert (z * (1 + e) = 1 - d) by (unfold z; field; lra). nra.
  - pose proof (cost_first m ltac:(lia)) as H0.
    pose proof (cost_last m m ltac:(lia)) as H1.
    enough (2 * cost m (/ 2) <= cost m (p m) + cost m (1 - p m)) by lra.
    apply cost_two. lra.
Qed.

End Path.

(** * The extremal path *)

(** [tail e d x j]: the least probability [j] steps before one of value [x]. *)
Fixpoint tail (e d x : R) (j : nat) : R :=
  match j with O => x | S k => Rmax 0 ((tail e d x k - d) / e) end.

Lemma tail_range e d x j : 1 <= e -> 0 <= d -> 0 <= x <= / 2 -> 0 <= tail e d x j <= / 2.
Proof.
  intros He Hd Hx; induction j as [|j IH]; simpl; [exact Hx|].
  set (t := tail e d x j) in *. split; [apply Rmax_l|].
  apply Rmax_lub; [lra|]. apply Rmult_le_reg_r with e; [lra|].
  unfold Rdiv; rewrite Rmult_assoc, Rinv_l by lra. nra.
Qed.

Lemma tail_step e d t : 1 <= e -> 0 <= d -> 0 <= t <= / 2 ->
  let s := Rmax 0 ((t - d) / e) in
  s <= t /\ t <= e * s + d /\ 1 - s <= e * (1 - t) + d.
Proof.
  intros He Hd Ht s.
  assert (Hq : (t - d) / e * e = t - d) by (field; lra).
  unfold s, Rmax; destruct Rle_dec as [H|H].
  - set (q := (t - d) / e) in *. repeat split; [nra|nra|].
    assert (q + t <= 1) by nra. nra.
  - repeat split; [lra| |].
    + assert ((t - d) / e * e <= 0) by (apply Rnot_le_lt in H; nra). nra.
    + assert ((t - d) / e * e <= 0) by (apply Rnot_le_lt in H; nra). nra.
Qed.

Lemma tail_closed e d x j : 1 <= e -> 0 <= d ->
  Rmax 0 (tail e d x j) = Rmax 0 ((x - d * geo e j) / e ^ j).
Proof.
  intros He Hd; induction j as [|j IH].
  - simpl. f_equal. field.
  - pose proof (pow_ge1 e j He) as HE. simpl tail.
    rewrite geo_S. set (t := tail e d x j) in *. set (g := geo e j) in *.
    set (u := (x - d * g) / e ^ j) in IH.
    replace ((x - d * (g + e ^ j)) / e ^ S j) with ((u - d) / e)
      by (unfold u; simpl; field; lra).
    assert (Ht : (t - d) / e * e = t - d) by (field; lra).
    assert (Hu : (u - d) / e * e = u - d) by (field; lra).
    set (a := (t - d) / e) in *; set (b := (u - d) / e) in *.
    revert IH; unfold Rmax; repeat destruct Rle_dec; intros; nra.
Qed.

(** The path: [tail] up to the middle, then its mirror image. *)
Definition extremal (e d : R) (n k : nat) : R :=
  let m := Nat.div2 n in
  let x := Rmax 0 (middle e d n) in
  if (k <=? m)%nat then tail e d x (m - k) else 1 - tail e d x (k - (n - m)).

Section Extremal.
Variables (e d : R) (n : nat).
Hypotheses (He : 1 <= e) (Hd : 0 <= d).
Let m := Nat.div2 n.
Let x := Rmax 0 (middle e d n).

Lemma middle_range : 0 <= x <= / 2.
Proof.
  unfold x, middle; split; [apply Rmax_l|]. apply Rmax_lub; [lra|].
  destruct (Nat.even n); [lra|].
  apply Rmult_le_reg_r with (1 + e); [lra|].
  unfold Rdiv; rewrite Rmult_assoc, Rinv_l by lra. nra.
Qed.

Lemma half_length : n = (2 * m + if Nat.odd n then 1 else 0)%nat.
Proof. pose proof (Nat.div2_odd n) as H. unfold m. destruct (Nat.odd n); simpl in H |- *; lia. Qed.

Lemma extremal_left k : (k <= m)%nat -> extremal e d n k = tail e d x (m - k).
Proof. intros H; unfold extremal; fold m x. rewrite (proj2 (Nat.leb_le _ _) H); reflexivity. Qed.

Lemma extremal_right k : (m < k)%nat -> extremal e d n k = 1 - tail e d x (k - (n - m)).
Proof. intros H; unfold extremal; fold m x. rewrite (proj2 (Nat.leb_gt _ _) H); reflexivity. Qed.

Lemma extremal_step k : (k < n)%nat ->
  let a := extremal e d n k in let b := extremal e d n (S k) in
  a <= b /\ b <= e * a + d /\ 1 - a <= e * (1 - b) + d.
Proof.
  intros Hk a b. pose proof half_length as Hn. pose proof middle_range as Hx.
  pose proof (fun j => tail_range e d x j He Hd Hx) as Hr.
  destruct (Nat.lt_trichotomy k m) as [H|[H|H]].
  - unfold a, b. rewrite !extremal_left by lia.
    replace (m - k)%nat with (S (m - S k)) by lia.
    pose proof (tail_step e d _ He Hd (Hr (m - S k)%nat)). simpl in *. tauto.
  - unfold a, b. rewrite extremal_left, extremal_right by lia. subst k.
    replace (m - m)%nat with O by lia.
    destruct (Nat.odd n) eqn:Ho.
    + replace (S m - (n - m))%nat with O by lia. simpl.
      assert (Hm : 1 - d <= (1 + e) * x).
      { unfold x, middle. rewrite <- Nat.negb_odd, Ho; simpl.
        pose proof (Rmax_r 0 ((1 - d) / (1 + e))).
        assert ((1 + e) * ((1 - d) / (1 + e)) = 1 - d) by (field; lra). nra. }
      repeat split; nra.
    + replace (S m - (n - m))%nat with 1%nat by lia. simpl.
      assert (Hm : x = / 2).
      { unfold x, middle. rewrite <- Nat.negb_odd, Ho; simpl. apply Rmax_right; lra. }
      pose proof (tail_step e d x He Hd Hx) as Hs. simpl in Hs.
      set (s := Rmax 0 ((x - d) / e)) in *.
      assert (e * x = e / 2) by (rewrite Hm; field). repeat split; nra.
  - unfold a, b. rewrite !extremal_right by lia.
    replace (S k - (n - m))%nat with (S (k - (n - m))) by (destruct (Nat.odd n); lia).
    pose proof (tail_step e d _ He Hd (Hr (k - (n - m))%nat)) as Hs. simpl in *.
    repeat split; lra.
Qed.

Lemma extremal_chain : chain e d n (extremal e d n).
Proof.
  pose proof middle_range as Hx.
  pose proof (fun j => tail_range e d x j He Hd Hx) as Hr.
  split; intros k Hk.
  - destruct (Nat.le_gt_cases k m) as [H|H].
    + rewrite extremal_left by lia. specialize (Hr (m - k)%nat); lra.
    + rewrite extremal_right by lia. specialize (Hr (k - (n - m))%nat); lra.
  - apply (extremal_step k Hk).
  - apply (extremal_step k Hk).
Qed.

Lemma extremal_mono k : (k < n)%nat -> extremal e d n k <= extremal e d n (S k).
Proof. intros Hk; apply (extremal_step k Hk). Qed.

Lemma extremal_start : extremal e d n O = start e d n.
Proof.
  pose proof middle_range as Hx. pose proof (pow_ge1 e m He) as HE.
  pose proof (geo_pos e m He) as Hg.
  rewrite extremal_left by lia. rewrite Nat.sub_0_r.
  rewrite <- (Rmax_right 0 (tail e d x m)) by (apply (tail_range e d x m He Hd Hx)).
  rewrite tail_closed by assumption. unfold start; fold m. unfold x.
  set (c := middle e d n).
  assert (H1 : forall y, (y - d * geo e m) / e ^ m * e ^ m = y - d * geo e m)
    by (intros; field; lra).
  pose proof (H1 c) as Hc; pose proof (H1 0) as H0.
  unfold Rmax at 2; destruct Rle_dec; [reflexivity|].
  set (u := (c - _) / _) in *; set (v := (0 - _) / _) in *.
  rewrite !Rmax_left; [reflexivity| |]; nra.
Qed.

Lemma extremal_end : extremal e d n n = 1 - extremal e d n O.
Proof.
  pose proof half_length as Hn. rewrite (extremal_left 0) by lia.
  destruct (Nat.le_gt_cases n m) as [H|H].
  - rewrite extremal_left by lia.
    assert (m = 0%nat /\ Nat.odd n = false) as [Hm Ho] by (destruct (Nat.odd n); lia).
    rewrite Hm; simpl. unfold x, middle. rewrite <- Nat.negb_odd, Ho; simpl.
    rewrite Rmax_right; lra.
  - rewrite extremal_right by lia. do 2 f_equal. lia.
Qed.

(** Thm 2, lower half: [exact_gap] is attained. *)
Theorem exact_attained : exists p, chain e d n p /\ p n - p O = exact_gap e d n.
Proof.
  exists (extremal e d n); split; [apply extremal_chain|].
  rewrite extremal_end, extremal_start. unfold exact_gap; lra.
Qed.

End Extremal.

(** Thm 2, as one statement: [exact_gap] is the maximum. *)
Theorem exact_gap_is_maximum e d n : 1 <= e -> 0 <= d ->
  (forall p, chain e d n p -> p n - p O <= exact_gap e d n) /\
  (exists p, chain e d n p /\ p n - p O = exact_gap e d n).
Proof.
  intros He Hd; split; [intros p Hp; apply exact_bound; assumption|].
  apply exact_attained; assumption.
Qed.
