(** The least error of guessing under a prior (theory, Thm 8).

    Lines with slopes [-e^(2j-n)] bound the two error rates [a = p 0] and
    [b = 1 - p n] from below.  Neighbouring lines meet in the corners of the
    region as long as those are nonnegative; after that the region ends on an
    axis, at the least error rate [1 - ahead n] that goes with no error under the
    other secret. *)

From Coq Require Import Reals Lra Lia Psatz Arith.
From Mipriv Require Import Chain Mechanism Prior TradeOff.
Local Open Scope R_scope.

(** * Definitions *)

(** The error rate left [j] steps from the fixed point [(1 - d) / (1 + e)]. *)
Definition corner_rate (e d : R) (j : nat) : R := tail e d ((1 - d) / (1 + e)) j.

(** The largest probability, [n] steps later, of an event of probability 0. *)
Fixpoint ahead (e d : R) (n : nat) : R :=
  match n with O => 0 | S k => 1 - dp_curve e d (ahead e d k) end.

(** The least over the two tests that never err under one of the secrets and the
    first [k] corners; then over all [n] of them. *)
Fixpoint least_delta_upto (e d pi : R) (n k : nat) : R :=
  match k with
  | O => Rmin pi (1 - pi) * (1 - ahead e d n)
  | S i => Rmin (least_delta_upto e d pi n i)
                (error pi (corner_rate e d i) (1 - corner_rate e d (n - 1 - i)))
  end.
Definition least_delta_error (e d pi : R) (n : nat) : R := least_delta_upto e d pi n n.

Lemma least_delta_edge e d pi n k :
  least_delta_upto e d pi n k <= Rmin pi (1 - pi) * (1 - ahead e d n).
Proof.
  induction k as [|k IH]; simpl; [apply Rle_refl|].
  eapply Rle_trans; [apply Rmin_l|exact IH].
Qed.

Lemma least_delta_corner e d pi n k i : (i < k)%nat -> least_delta_upto e d pi n k <=
  error pi (corner_rate e d i) (1 - corner_rate e d (n - 1 - i)).
Proof.
  induction k as [|k IH]; intros Hi; [lia|]. simpl.
  destruct (Nat.eq_dec i k) as [->|Hk]; [apply Rmin_r|].
  eapply Rle_trans; [apply Rmin_l|apply IH; lia].
Qed.

Lemma least_delta_one e d pi n k :
  least_delta_upto e d pi n k = Rmin pi (1 - pi) * (1 - ahead e d n) \/
  exists i, (i < k)%nat /\ least_delta_upto e d pi n k =
    error pi (corner_rate e d i) (1 - corner_rate e d (n - 1 - i)).
Proof.
  induction k as [|k IH]; [simpl; auto|]. simpl.
  set (c := error pi (corner_rate e d k) (1 - corner_rate e d (n - 1 - k))).
  unfold Rmin at 1 3; destruct (Rle_dec (least_delta_upto e d pi n k) c) as [H|H].
  - destruct IH as [IH|(i & Hi & IH)]; auto. right; exists i; auto with arith.
  - right; exists k; auto with arith.
Qed.

Section Delta.
Variables (e d : R).
Hypotheses (He : 1 <= e) (Hd : 0 <= d <= 1).
Let a := (1 - d) / (1 + e).

Lemma fixed_mul : a * (1 + e) = 1 - d.
Proof. unfold a; field; lra. Qed.

Lemma fixed_range : 0 <= a <= / 2.
Proof. pose proof fixed_mul; split; nra. Qed.

Lemma ahead_range n : 0 <= ahead e d n <= 1.
Proof.
  induction n as [|n IH]; simpl; [lra|].
  pose proof (curve_range _ (dp_curve_trade_off e d He (proj1 Hd)) _ IH); lra.
Qed.

Lemma ahead_step n : ahead e d n <= ahead e d (S n) /\
  dp_curve e d (ahead e d n) <= 1 - ahead e d (S n) /\
  dp_curve e d (1 - ahead e d (S n)) <= ahead e d n.
Proof.
  pose proof (dp_curve_trade_off e d He (proj1 Hd)) as Hf. pose proof (ahead_range n) as Hn.
  pose proof (curve_range _ Hf _ Hn). pose proof (curve_own_inverse _ Hf _ Hn). simpl.
  replace (1 - (1 - dp_curve e d (ahead e d n))) with (dp_curve e d (ahead e d n)) by ring. lra.
Qed.

(** * Where the corners leave the square *)

(** The first [j] with [a < d * geo e j], or [n]. *)
Lemma switch n : exists j, (j <= n)%nat /\
  (forall i, (i < j)%nat -> d * geo e i <= a) /\ (j = n \/ a < d * geo e j).
Proof.
  induction n as [|n (j & Hj & Hlow & Hup)]; [exists O; split; [lia|]; split; [lia|auto]|].
  destruct (Rle_lt_dec (d * geo e j) a) as [H|H].
  - destruct Hup as [->|Hup]; [|lra]. exists (S n). split; [lia|]. split; [|auto].
    intros i Hi. destruct (Nat.eq_dec i n) as [->|Hne]; [exact H|apply Hlow; lia].
  - exists j. split; [lia|]. auto.
Qed.

Lemma ahead_climbs j : (forall i, (i < j)%nat -> d * geo e i <= a) -> d * geo e j <= ahead e d j.
Proof.
  induction j as [|j IH]; intros Hlow; simpl; [lra|].
  specialize (IH ltac:(intros i Hi; apply Hlow; lia)). specialize (Hlow j ltac:(lia)).
  pose proof fixed_mul. pose proof fixed_range. set (g := d * geo e j) in *.
  replace (d * (1 + e * geo e j)) with (d + e * g) by (unfold g; ring).
  enough (dp_curve e d (ahead e d j) <= 1 - (d + e * g)) by lra.
  assert (e * g <= e * a) by (apply Rmult_le_compat_l; lra).
  assert (e * g <= e * ahead e d j) by (apply Rmult_le_compat_l; lra).
  assert (0 <= (e - 1) * (1 - d - g - e * g)) by (apply Rmult_le_pos; lra).
  apply dp_curve_le; [exact He|]. repeat split; lra.
Qed.

Lemma ahead_falls j m : a < d * geo e j -> d * geo e j <= 1 -> d * geo e j <= ahead e d j ->
  let t := tail e d (1 - d * geo e j) m in
  1 - ahead e d (j + m) <= t /\ 0 <= t <= 1 - a.
Proof.
  intros Ha H1 Hj. pose proof fixed_mul. pose proof fixed_range.
  induction m as [|m [IH Ht]]; [rewrite Nat.add_0_r; simpl; lra|].
  rewrite <- plus_n_Sm. cbn [ahead tail]. set (t := tail e d (1 - d * geo e j) m) in *.
  assert (Hq : (t - d) / e * e = t - d) by (field; lra). set (q := (t - d) / e) in *.
  pose proof (Rmax_l 0 q). pose proof (Rmax_r 0 q).
  assert (q <= a) by (apply Rmult_le_reg_r with e; [lra|nra]).
  assert (Rmax 0 q <= a) by (apply Rmax_lub; lra).
  enough (dp_curve e d (ahead e d (j + m)) <= Rmax 0 q) by (simpl; split; lra).
  apply dp_curve_le; [exact He|]. set (s := Rmax 0 q) in *. repeat split; [lra| |nra].
  assert (0 <= (e - 1) * (1 - a - t)) by (apply Rmult_le_pos; lra).
  apply Rmult_le_reg_r with e; [lra|].
  assert ((1 - s) * e <= e - (t - d)) by nra.
  assert (e * (1 - t) <= e * ahead e d (j + m)) by (apply Rmult_le_compat_l; lra). nra.
Qed.

(** The line that meets the axis last. *)
Lemma ahead_line n : exists j, (j <= n)%nat /\ (forall i, (i < j)%nat -> d * geo e i <= a) /\
  1 - ahead e d n <= Rmax 0 ((1 - d * geo e j - d * geo e (n - j)) / e ^ (n - j)).
Proof.
  destruct (switch n) as (j & Hj & Hlow & Hup). exists j. split; [exact Hj|]. split; [exact Hlow|].
  pose proof (ahead_climbs j Hlow) as Hc. pose proof (ahead_range j).
  destruct Hup as [->|Hup].
  - rewrite Nat.sub_diag. eapply Rle_trans; [|apply Rmax_r]. simpl.
    rewrite Rmult_0_r, Rminus_0_r. unfold Rdiv; rewrite Rinv_1. lra.
  - destruct (ahead_falls j (n - j) Hup ltac:(lra) Hc) as [Hf Ht]. cbv zeta in *.
    replace (j + (n - j))%nat with n in Hf by lia.
    rewrite <- (tail_closed e d (1 - d * geo e j)) by lra.
    eapply Rle_trans; [exact Hf|apply Rmax_r].
Qed.

(** * No chain errs less *)

Lemma edge_bound pi n p j : 0 <= pi <= 1 -> chain e d n p -> (j <= n)%nat ->
  1 - ahead e d n <= Rmax 0 ((1 - d * geo e j - d * geo e (n - j)) / e ^ (n - j)) ->
  pi * e ^ (2 * j) <= (1 - pi) * e ^ n -> pi * (1 - ahead e d n) <= error pi (p O) (p n).
Proof.
  intros Hpi Hp Hj Hz Ho. pose proof (line e d n p j He Hp Hj) as Hl.
  pose proof (chain_range _ _ _ _ Hp O ltac:(lia)).
  pose proof (chain_range _ _ _ _ Hp n ltac:(lia)).
  pose proof (pow_ge1 e j He) as HA. pose proof (pow_ge1 e (n - j) He) as HB.
  replace n with (j + (n - j))%nat in Ho by lia.
  replace (2 * j)%nat with (j + j)%nat in Ho by lia. rewrite !pow_add in Ho.
  set (A := e ^ j) in *. set (B := e ^ (n - j)) in *.
  set (c := 1 - d * geo e j - d * geo e (n - j)) in *. unfold error.
  assert (pi * A <= (1 - pi) * B) by (apply Rmult_le_reg_l with A; lra).
  assert (Hc : c / B * B = c) by (field; lra). set (q := c / B) in *.
  revert Hz; unfold Rmax; destruct Rle_dec as [Hq|Hq]; intros Hz; [|nra].
  apply Rle_trans with (pi * q); [nra|]. apply Rmult_le_reg_r with B; [lra|]. nra.
Qed.

Lemma chain_reverse n p : chain e d n p -> chain e d n (fun k => 1 - p (n - k)%nat).
Proof.
  intros [Hr Hu Hw]. split; intros k Hk.
  - specialize (Hr (n - k)%nat ltac:(lia)); lra.
  - specialize (Hw (n - S k)%nat ltac:(lia)).
    replace (S (n - S k)) with (n - k)%nat in Hw by lia. lra.
  - specialize (Hu (n - S k)%nat ltac:(lia)).
    replace (S (n - S k)) with (n - k)%nat in Hu by lia. lra.
Qed.

Lemma edge_bound_reverse pi n p j : 0 <= pi <= 1 -> chain e d n p -> (j <= n)%nat ->
  1 - ahead e d n <= Rmax 0 ((1 - d * geo e j - d * geo e (n - j)) / e ^ (n - j)) ->
  (1 - pi) * e ^ (2 * j) <= pi * e ^ n -> (1 - pi) * (1 - ahead e d n) <= error pi (p O) (p n).
Proof.
  intros Hpi Hp Hj Hz Ho.
  pose proof (edge_bound (1 - pi) n _ j ltac:(lra) (chain_reverse n p Hp) Hj Hz ltac:(lra)) as H.
  cbv beta in H. rewrite Nat.sub_0_r, Nat.sub_diag in H. unfold error in *. lra.
Qed.

Lemma corner_rate_inside j : d * geo e j <= a -> e ^ j * corner_rate e d j = a - d * geo e j.
Proof.
  intros H. pose proof (pow_ge1 e j He). pose proof fixed_range as Ha.
  pose proof (tail_range e d a j He (proj1 Hd) Ha) as Ht.
  pose proof (tail_closed e d a j He (proj1 Hd)) as Hc. fold a in Hc.
  assert (0 <= (a - d * geo e j) / e ^ j).
  { apply Rmult_le_pos; [lra|apply Rlt_le, Rinv_0_lt_compat; lra]. }
  rewrite !Rmax_right in Hc by lra. unfold corner_rate; fold a. rewrite Hc. field; lra.
Qed.

Theorem least_delta_bound pi n p : 0 <= pi <= 1 -> chain e d n p ->
  least_delta_error e d pi n <= error pi (p O) (p n).
Proof.
  intros Hpi Hp. destruct (ahead_line n) as (j & Hj & Hlow & Hz).
  pose proof (ahead_range n). pose proof (least_delta_edge e d pi n n) as Hedge.
  fold (least_delta_error e d pi n) in Hedge.
  pose proof (Rmin_l pi (1 - pi)). pose proof (Rmin_r pi (1 - pi)).
  assert (E1 : least_delta_error e d pi n <= pi * (1 - ahead e d n)) by nra.
  assert (E2 : least_delta_error e d pi n <= (1 - pi) * (1 - ahead e d n)) by nra.
  assert (Hpow : forall k l, (k <= l)%nat -> e ^ k <= e ^ l) by (intros; apply Rle_pow; auto).
  pose proof (edge_bound pi n p j Hpi Hp Hj Hz) as B1.
  pose proof (edge_bound_reverse pi n p j Hpi Hp Hj Hz) as B2.
  assert (Hn : e ^ (2 * n) = e ^ n * e ^ n) by (rewrite <- pow_add; f_equal; lia).
  pose proof (pow_ge1 e n He) as HEn. pose proof (Hpow (2 * j)%nat (2 * n)%nat ltac:(lia)) as Hjn.
  destruct (odds_cases e pi n He) as [Ho|[Ho|(i & Hi & Ho)]].
  - eapply Rle_trans; [exact E2|apply B2]. rewrite Hn in Hjn.
    apply Rle_trans with ((1 - pi) * (e ^ n * e ^ n)); [apply Rmult_le_compat_l; lra|nra].
  - eapply Rle_trans; [exact E1|apply B1]. rewrite Hn in Hjn.
    apply Rle_trans with (pi * (e ^ n * e ^ n)); [apply Rmult_le_compat_l; lra|nra].
  - destruct (Nat.le_gt_cases j i) as [Hji|Hji].
    { eapply Rle_trans; [exact E1|apply B1]. specialize (Hpow (2 * j)%nat (2 * i)%nat ltac:(lia)).
      apply Rle_trans with (pi * e ^ (2 * i)); [apply Rmult_le_compat_l; lra|lra]. }
    destruct (Nat.le_gt_cases j (n - 1 - i)) as [Hjr|Hjr].
    { eapply Rle_trans; [exact E2|apply B2].
      specialize (Hpow (2 * j)%nat (2 * (n - 1 - i))%nat ltac:(lia)).
      apply Rle_trans with ((1 - pi) * e ^ (2 * (n - 1 - i))); [apply Rmult_le_compat_l; lra|].
      apply Rmult_le_reg_r with (e ^ (2 * S i)); [pose proof (pow_ge1 e (2 * S i) He); lra|].
      rewrite Rmult_assoc, <- pow_add.
      replace (2 * (n - 1 - i) + 2 * S i)%nat with (n + n)%nat by lia.
      rewrite pow_add. nra. }
    eapply Rle_trans; [apply (least_delta_corner e d pi n n i Hi)|].
    pose proof (corner_rate_inside i (Hlow i Hji)) as Hu.
    pose proof (corner_rate_inside (n - 1 - i) (Hlow _ Hjr)) as Hv.
    set (u := corner_rate e d i) in *. set (v := corner_rate e d (n - 1 - i)) in *.
    pose proof (line e d n p i He Hp ltac:(lia)) as L0.
    pose proof (line e d n p (S i) He Hp Hi) as L1.
    pose proof (between e pi n i (p O - u) (1 - p n - v) He Hi Ho) as Hb.
    replace (n - i)%nat with (S (n - 1 - i)) in * by lia.
    replace (n - S i)%nat with (n - 1 - i)%nat in * by lia. simpl pow in *. cbn [geo] in *.
    pose proof fixed_mul. unfold error.
    assert (e * (e ^ i * u) = e * (a - d * geo e i)) by (rewrite Hu; reflexivity).
    assert (e * (e ^ (n - 1 - i) * v) = e * (a - d * geo e (n - 1 - i)))
      by (rewrite Hv; reflexivity).
    specialize (Hb ltac:(lra) ltac:(lra)). lra.
Qed.
(** * A chain that errs no more *)

(** The path whose [i]-th step crosses the middle. *)
Definition corner_path (i k : nat) : R :=
  if (k <=? i)%nat then corner_rate e d (i - k) else 1 - corner_rate e d (k - i - 1).

Lemma corner_path_step i k : let u := corner_path i k in let v := corner_path i (S k) in
  0 <= u <= 1 /\ 0 <= v <= 1 /\ u <= v /\ v <= e * u + d /\ 1 - u <= e * (1 - v) + d.
Proof.
  pose proof fixed_range as Ha. pose proof fixed_mul. unfold corner_path, corner_rate; fold a.
  pose proof (fun j => tail_range e d a j He (proj1 Hd) Ha) as Hr.
  pose proof (fun j => tail_step e d _ He (proj1 Hd) (Hr j)) as Hs. cbv zeta in *.
  destruct (Nat.lt_trichotomy k i) as [Hk|[Hk|Hk]].
  - rewrite !(proj2 (Nat.leb_le _ _)) by lia. replace (i - k)%nat with (S (i - S k)) by lia.
    pose proof (Hr (i - S k)%nat). pose proof (Hr (S (i - S k))).
    specialize (Hs (i - S k)%nat). cbn [tail] in *. repeat split; lra.
  - subst k. rewrite (proj2 (Nat.leb_le i i)), (proj2 (Nat.leb_gt (S i) i)) by lia.
    replace (S i - i - 1)%nat with O by lia. rewrite Nat.sub_diag. cbn [tail]. repeat split; lra.
  - rewrite !(proj2 (Nat.leb_gt _ _)) by lia.
    replace (S k - i - 1)%nat with (S (k - i - 1)) by lia.
    pose proof (Hr (k - i - 1)%nat). pose proof (Hr (S (k - i - 1))).
    specialize (Hs (k - i - 1)%nat). cbn [tail] in *. repeat split; lra.
Qed.

Definition rising_chain (n : nat) (p : nat -> R) : Prop :=
  chain e d n p /\ forall k, (k < n)%nat -> p k <= p (S k).

Lemma corner_path_chain i n : rising_chain n (corner_path i).
Proof. split; [split|]; intros k _; apply (corner_path_step i k). Qed.

Lemma ahead_chain n : rising_chain n (ahead e d).
Proof.
  split; [|intros k _; apply ahead_step].
  apply dp_curve_chain; [exact He|]. split; intros k _; [apply ahead_range| |]; apply ahead_step.
Qed.

Lemma rising_reverse n p : rising_chain n p -> rising_chain n (fun k => 1 - p (n - k)%nat).
Proof.
  intros [Hp Hm]; split; [apply chain_reverse, Hp|]. intros k Hk.
  specialize (Hm (n - S k)%nat ltac:(lia)).
  replace (S (n - S k)) with (n - k)%nat in Hm by lia. lra.
Qed.

Theorem least_delta_attained pi n :
  exists p, rising_chain n p /\ error pi (p O) (p n) = least_delta_error e d pi n.
Proof.
  unfold least_delta_error. destruct (least_delta_one e d pi n n) as [->|(i & Hi & ->)].
  - unfold Rmin; destruct Rle_dec.
    + exists (ahead e d). split; [apply ahead_chain|]. unfold error; simpl; ring.
    + exists (fun k => 1 - ahead e d (n - k)). split; [apply rising_reverse, ahead_chain|].
      rewrite Nat.sub_0_r, Nat.sub_diag. unfold error; simpl; ring.
  - exists (corner_path i). split; [apply corner_path_chain|]. unfold corner_path.
    rewrite (proj2 (Nat.leb_le 0 i)), (proj2 (Nat.leb_gt n i)), Nat.sub_0_r by lia.
    replace (n - i - 1)%nat with (n - 1 - i)%nat by lia. reflexivity.
Qed.
End Delta.

(** Thm 8: [least_delta_error] is the minimum over all chains. *)
Theorem least_delta_error_is_minimum e d pi n : 1 <= e -> 0 <= d <= 1 -> 0 <= pi <= 1 ->
  (forall p, chain e d n p -> least_delta_error e d pi n <= error pi (p O) (p n)) /\
  (exists p, chain e d n p /\ error pi (p O) (p n) = least_delta_error e d pi n).
Proof.
  intros He Hd Hpi; split; [intros p Hp; apply least_delta_bound; assumption|].
  destruct (least_delta_attained e d He Hd pi n) as (p & [Hp _] & H); exists p; auto.
Qed.

(** Thm 8 for mechanisms: the least error of any attacker on any mechanism, on
    any graph with a path from [w 0] to [w n] along which the distance [r] grows
    from 0 to [n]. *)
Theorem least_guess_error (X : Type) (adjacent : X -> X -> Prop) e d pi (r : X -> nat)
    (w : nat -> X) n :
  (forall x y, adjacent x y -> adjacent y x) ->
  (forall x y, adjacent x y -> (r y <= S (r x))%nat) ->
  (forall k, (k < n)%nat -> adjacent (w k) (w (S k))) ->
  r (w O) = O -> r (w n) = n -> 1 <= e -> 0 <= d <= 1 -> 0 <= pi <= 1 ->
  (forall N M g, mechanism X adjacent e d N M -> (forall i, (i < N)%nat -> 0 <= g i <= 1) ->
    least_delta_error e d pi n <= guess_error pi N (M (w O)) (M (w n)) g) /\
  (exists M g, mechanism X adjacent e d 2 M /\ (forall i, 0 <= g i <= 1) /\
    guess_error pi 2 (M (w O)) (M (w n)) g = least_delta_error e d pi n).
Proof.
  intros Hsym Hr Hw H0 Hn He Hd Hpi. split.
  - intros N M g HM Hg. apply (guess_error_bound X adjacent e d pi Hsym); auto.
    intros p Hp; apply least_delta_bound; assumption.
  - destruct (least_delta_attained e d He Hd pi n) as (p & [Hp Hmono] & <-).
    destruct (guess_error_attained X adjacent e d pi Hsym p r n He (proj1 Hd) Hp Hmono Hr)
      as (M & g & HM & Hg & HE).
    exists M, g; auto.
Qed.

(** At even odds it is half of what [exact_gap] leaves. *)
Theorem least_delta_error_even e d n : 1 <= e -> 0 <= d <= 1 ->
  least_delta_error e d (/ 2) n = (1 - exact_gap e d n) / 2.
Proof.
  intros He Hd.
  destruct (least_delta_error_is_minimum e d (/ 2) n He Hd ltac:(lra)) as [Hl (p & Hp & Ep)].
  destruct (exact_gap_is_maximum e d n He (proj1 Hd)) as [Hg (q & Hq & Eq)].
  specialize (Hl q Hq); specialize (Hg p Hp). unfold error in *. lra.
Qed.

(** * The printed form at [delta = 0] *)

(** The error at the [i]-th corner, [e^-i / (1+e)] and [e^-(n-1-i) / (1+e)]. *)
Definition corner_error (e pi : R) (n i : nat) : R :=
  ((1 - pi) / e ^ i + pi / e ^ (n - 1 - i)) / (1 + e).

(** The least of [pi], [1 - pi] and the first [k] corners; then of all [n]. *)
Fixpoint least_upto (e pi : R) (n k : nat) : R :=
  match k with
  | O => Rmin pi (1 - pi)
  | S i => Rmin (least_upto e pi n i) (corner_error e pi n i)
  end.
Definition least_error (e pi : R) (n : nat) : R := least_upto e pi n n.

Lemma ahead_pure e n : 1 <= e -> ahead e 0 n = 0.
Proof.
  intros He; induction n as [|n IH]; simpl; [reflexivity|]. rewrite IH.
  pose proof (dp_curve_above e 0 0 He) as (_ & H & _).
  pose proof (proj2 (dp_curve_le e 0 0 1 He)) as H1. lra.
Qed.

Lemma corner_rate_pure e j : 1 <= e -> corner_rate e 0 j = / e ^ j / (1 + e).
Proof.
  intros He. unfold corner_rate. induction j as [|j IH]; simpl; [field; lra|].
  pose proof (pow_ge1 e j He). rewrite IH, Rmax_right; [field; lra|].
  unfold Rdiv. rewrite Rminus_0_r. repeat apply Rmult_le_pos;
    apply Rlt_le, Rinv_0_lt_compat; lra.
Qed.

Theorem least_error_pure e pi n : 1 <= e -> least_delta_error e 0 pi n = least_error e pi n.
Proof.
  intros He. unfold least_delta_error, least_error. generalize n at 2 4; intros k.
  induction k as [|k IH]; simpl; [rewrite ahead_pure by exact He; ring|].
  rewrite IH, !corner_rate_pure by exact He. f_equal. unfold error, corner_error.
  pose proof (pow_ge1 e k He). pose proof (pow_ge1 e (n - 1 - k) He). field; lra.
Qed.

Theorem least_error_is_minimum e pi n : 1 <= e -> 0 <= pi <= 1 ->
  (forall p, chain e 0 n p -> least_error e pi n <= error pi (p O) (p n)) /\
  (exists p, chain e 0 n p /\ error pi (p O) (p n) = least_error e pi n).
Proof.
  intros He Hpi. rewrite <- least_error_pure by exact He.
  apply least_delta_error_is_minimum; lra.
Qed.
