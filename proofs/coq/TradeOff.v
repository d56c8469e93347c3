(** Any trade-off curve in place of (eps, delta) (theory, Thm 5), along a path.

    [f x] is the least chance of missing the second of two neighbouring datasets
    for an event of probability [x] under the first.  The hypotheses are those
    of the field (Dong, Roth, Su): a trade-off function is a convex, continuous,
    nonincreasing map of [0, 1] into itself below [1 - x].  It is its own
    inverse, [inf {t | f t <= x} = f x], exactly if [f (f x) <= x] for all [x].
    Continuity follows: a convex function can only jump at the ends, at 1 the
    bound [1 - x] forbids it, and at 0 self-inverseness does. *)

From Coq Require Import Reals Lra Lia Psatz Arith.
From Mipriv Require Import Chain.
Local Open Scope R_scope.

(** * Definitions *)

Record trade_off (f : R -> R) : Prop := {
  curve_range  : forall x, 0 <= x <= 1 -> 0 <= f x <= 1 - x;
  curve_down   : forall x y, 0 <= x -> x <= y -> y <= 1 -> f y <= f x;
  curve_convex : forall x y t, 0 <= x <= 1 -> 0 <= y <= 1 -> 0 <= t <= 1 ->
                 f (t * x + (1 - t) * y) <= t * f x + (1 - t) * f y;
  curve_own_inverse : forall x, 0 <= x <= 1 -> f (f x) <= x }.

(** [p k] is the probability of one event under the [k]-th dataset; the curve
    holds for each step in both directions. *)
Record curve_chain (f : R -> R) (n : nat) (p : nat -> R) : Prop := {
  curve_chain_range : forall k, (k <= n)%nat -> 0 <= p k <= 1;
  curve_chain_up    : forall k, (k < n)%nat -> f (p k) <= 1 - p (S k);
  curve_chain_down  : forall k, (k < n)%nat -> f (1 - p (S k)) <= p k }.

(** The least probability, [m] steps earlier, of an event of probability [x]. *)
Fixpoint back (f : R -> R) (m : nat) (x : R) : R :=
  match m with O => x | S k => f (1 - back f k x) end.

(** The exact bound; [a] is the fixed point of [f], used for odd [n]. *)
Definition curve_middle (a : R) (n : nat) : R := if Nat.even n then / 2 else a.
Definition curve_gap (f : R -> R) (a : R) (n : nat) : R :=
  1 - 2 * back f (Nat.div2 n) (curve_middle a n).

(** The curve of (eps, delta). *)
Definition dp_curve (e d x : R) : R := Rmax 0 (Rmax (1 - d - e * x) ((1 - d - x) / e)).

Section Curve.
Variable f : R -> R.
Hypothesis Hf : trade_off f.

(** * The fixed point *)

Theorem fixed_point_exists : exists a, 0 <= a <= / 2 /\ f a = a.
Proof.
  pose proof (curve_range f Hf) as Hr. pose proof (curve_down f Hf) as Hd.
  set (E := fun x => 0 <= x <= 1 /\ x <= f x).
  assert (E0 : E 0) by (unfold E; pose proof (Hr 0 ltac:(lra)); lra).
  destruct (completeness E) as [a [Hub Hlub]].
  { exists 1. intros x Hx; unfold E in Hx; lra. }
  { exists 0; exact E0. }
  assert (Ha : 0 <= a <= 1).
  { split; [apply Hub, E0|]. apply Hlub; intros x Hx; unfold E in Hx; lra. }
  pose proof (Hr a Ha) as Hra.
  assert (Hge : a <= f a).
  { apply Rnot_lt_le; intros Hc.
    enough (a <= a / (1 + (a - f a))).
    { assert (a / (1 + (a - f a)) * (1 + (a - f a)) = a) by (field; lra). nra. }
    apply Hlub; intros x Hx. pose proof (Hub x Hx) as Hxa. destruct Hx as [Hx1 Hxf].
    apply Rmult_le_reg_r with (1 + (a - f a)); [lra|].
    unfold Rdiv; rewrite Rmult_assoc, Rinv_l by lra.
    pose proof (curve_convex f Hf a 0 (x / a) Ha ltac:(lra)) as Hcv.
    assert (Hq : x / a * a = x) by (field; lra). set (q := x / a) in *.
    assert (0 <= q <= 1) by (split; apply Rmult_le_reg_r with a; lra).
    specialize (Hcv ltac:(assumption)). rewrite Hq, Rmult_0_r, Rplus_0_r in Hcv.
    pose proof (Hr 0 ltac:(lra)). assert (x <= q * f a + (1 - q)) by nra. nra. }
  exists a. enough (f a <= a) by (split; lra).
  apply Rnot_lt_le; intros Hc. set (x := (a + f a) / 2).
  assert (Hx : a < x < f a) by (unfold x; lra).
  assert (Hout : forall z, a < z <= 1 -> f z < z).
  { intros z Hz. apply Rnot_le_lt; intros Hzf.
    assert (HEz : E z) by (unfold E; lra). specialize (Hub z HEz); lra. }
  pose proof (curve_own_inverse f Hf x ltac:(lra)) as Hinv.
  pose proof (Hout x ltac:(lra)) as Hfx. pose proof (Hr x ltac:(lra)) as Hrx.
  destruct (Rle_lt_dec (f x) a) as [H|H].
  - pose proof (Hd (f x) a ltac:(lra) H ltac:(lra)). lra.
  - pose proof (Hout (f x) ltac:(lra)).
    pose proof (Hd (f x) x ltac:(lra) ltac:(lra) ltac:(lra)). lra.
Qed.

(** * Steps back *)

Lemma back_range m x : 0 <= x <= 1 -> 0 <= back f m x <= x.
Proof.
  intros Hx; induction m as [|m IH]; simpl; [lra|].
  pose proof (curve_range f Hf (1 - back f m x) ltac:(lra)). lra.
Qed.

Lemma back_up m x y : 0 <= x -> x <= y -> y <= 1 -> back f m x <= back f m y.
Proof.
  intros H0 Hxy H1; induction m as [|m IH]; simpl; [exact Hxy|].
  pose proof (back_range m x ltac:(lra)). pose proof (back_range m y ltac:(lra)).
  apply (curve_down f Hf); lra.
Qed.

(** Convexity at the midpoint is all that is used. *)
Lemma back_mid m x y : 0 <= x <= 1 -> 0 <= y <= 1 ->
  2 * back f m ((x + y) / 2) <= back f m x + back f m y.
Proof.
  intros Hx Hy; induction m as [|m IH]; simpl; [lra|].
  pose proof (back_range m x Hx). pose proof (back_range m y Hy).
  pose proof (back_range m ((x + y) / 2) ltac:(lra)).
  set (u := back f m x) in *; set (v := back f m y) in *;
    set (z := back f m ((x + y) / 2)) in *.
  pose proof (curve_convex f Hf (1 - u) (1 - v) (/ 2) ltac:(lra) ltac:(lra) ltac:(lra)) as Hc.
  replace (/ 2 * (1 - u) + (1 - / 2) * (1 - v)) with (1 - (u + v) / 2) in Hc by field.
  pose proof (curve_down f Hf (1 - (u + v) / 2) (1 - z) ltac:(lra) ltac:(lra) ltac:(lra)). lra.
Qed.

Section Bound.
Variables (n : nat) (p : nat -> R).
Hypothesis Hp : curve_chain f n p.

Lemma back_first m : (m <= n)%nat -> back f m (p m) <= p O.
Proof.
  intros Hm. assert (H : forall i, (i <= m)%nat -> back f i (p m) <= p (m - i)%nat).
  { induction i as [|i IH]; intros Hi; simpl; [rewrite Nat.sub_0_r; lra|].
    eapply Rle_trans; [|apply (curve_chain_down f n p Hp); lia].
    replace (S (m - S i)) with (m - i)%nat by lia. specialize (IH ltac:(lia)).
    pose proof (curve_chain_range f n p Hp (m - i)%nat ltac:(lia)).
    pose proof (back_range i (p m) (curve_chain_range f n p Hp m Hm)).
    apply (curve_down f Hf); lra. }
  specialize (H m ltac:(lia)). rewrite Nat.sub_diag in H. exact H.
Qed.

Lemma back_last m i : (i + m = n)%nat -> back f m (1 - p i) <= 1 - p n.
Proof.
  intros Hn. rewrite <- Hn. assert (Hm : (i + m <= n)%nat) by lia. clear Hn.
  pose proof (curve_chain_range f n p Hp i ltac:(lia)) as Hi.
  induction m as [|m IH]; simpl; [rewrite Nat.add_0_r; lra|].
  specialize (IH ltac:(lia)). rewrite <- plus_n_Sm.
  eapply Rle_trans; [|apply (curve_chain_up f n p Hp); lia].
  pose proof (curve_chain_range f n p Hp (i + m)%nat ltac:(lia)).
  pose proof (back_range m (1 - p i) ltac:(lra)). apply (curve_down f Hf); lra.
Qed.

(** Thm 5, upper half. *)
Theorem curve_bound a : 0 <= a <= 1 -> f a = a -> p n - p O <= curve_gap f a n.
Proof.
  intros Ha Hfa. unfold curve_gap, curve_middle.
  pose proof (Nat.div2_odd n) as Hn. set (m := Nat.div2 n) in *.
  pose proof (fun k Hk => curve_chain_range f n p Hp k Hk) as Hr.
  rewrite <- Nat.negb_odd. destruct (Nat.odd n); simpl in Hn |- *.
  - pose proof (back_first m ltac:(lia)) as H0.
    pose proof (back_last m (S m) ltac:(lia)) as H1.
    pose proof (curve_chain_up f n p Hp m ltac:(lia)) as Hu.
    pose proof (curve_chain_down f n p Hp m ltac:(lia)) as Hd.
    pose proof (Hr m ltac:(lia)). pose proof (Hr (S m) ltac:(lia)).
    set (x := p m) in *. set (y := 1 - p (S m)) in *.
    pose proof (back_mid m x y ltac:(lra) ltac:(unfold y in *; lra)) as Hmid.
    assert (Hz : a <= (x + y) / 2).
    { apply Rnot_lt_le; intros Hc.
      pose proof (curve_down f Hf ((x + y) / 2) a ltac:(unfold y in *; lra)
        ltac:(lra) ltac:(lra)).
      pose proof (curve_convex f Hf x y (/ 2) ltac:(lra) ltac:(unfold y in *; lra)
        ltac:(lra)) as Hv.
      replace (/ 2 * x + (1 - / 2) * y) with ((x + y) / 2) in Hv by field. lra. }
    pose proof (back_up m a ((x + y) / 2) ltac:(lra) Hz ltac:(unfold y in *; lra)). lra.
  - pose proof (back_first m ltac:(lia)) as H0.
    pose proof (back_last m m ltac:(lia)) as H1.
    pose proof (Hr m ltac:(lia)).
    pose proof (back_mid m (p m) (1 - p m) ltac:(lra) ltac:(lra)) as Hmid.
    replace ((p m + (1 - p m)) / 2) with (/ 2) in Hmid by field. lra.
Qed.
End Bound.

(** * The extremal path *)

Definition curve_path (a : R) (n k : nat) : R :=
  let m := Nat.div2 n in let x := curve_middle a n in
  if (k <=? m)%nat then back f (m - k) x else 1 - back f (k - (n - m)) x.

Lemma curve_middle_range a n : 0 <= a <= 1 -> f a = a -> 0 <= curve_middle a n <= / 2.
Proof.
  intros Ha Hfa. pose proof (curve_range f Hf a Ha).
  unfold curve_middle; destruct (Nat.even n); lra.
Qed.

Lemma curve_path_step a n k : 0 <= a <= 1 -> f a = a -> (k < n)%nat ->
  let u := curve_path a n k in let v := curve_path a n (S k) in
  u <= v /\ f u <= 1 - v /\ f (1 - v) <= u.
Proof.
  intros Ha Hfa Hk u v. pose proof (curve_middle_range a n Ha Hfa) as Hx.
  pose proof (Nat.div2_odd n) as Hn. subst u v. unfold curve_path.
  set (m := Nat.div2 n) in *. set (x := curve_middle a n) in *.
  pose proof (fun j => back_range j x ltac:(lra)) as Hb.
  destruct (Nat.lt_trichotomy k m) as [H|[H|H]].
  - rewrite !(proj2 (Nat.leb_le _ _)) by lia. replace (m - k)%nat with (S (m - S k)) by lia.
    specialize (Hb (m - S k)%nat). simpl. set (t := back f (m - S k) x) in *.
    pose proof (curve_range f Hf (1 - t) ltac:(lra)).
    pose proof (curve_own_inverse f Hf (1 - t) ltac:(lra)). lra.
  - rewrite H, (proj2 (Nat.leb_le m m)), (proj2 (Nat.leb_gt (S m) m)), Nat.sub_diag by lia.
    change (back f 0 x) with x. revert Hx. unfold x, curve_middle. rewrite <- Nat.negb_odd.
    destruct (Nat.odd n); simpl in Hn; cbn [negb]; intros Hx.
    + replace (n - m)%nat with (S m) by lia. rewrite Nat.sub_diag. simpl.
      replace (1 - (1 - a)) with a by ring. lra.
    + replace (n - m)%nat with m by lia. replace (S m - m)%nat with 1%nat by lia. simpl.
      replace (1 - (1 - f (1 - / 2))) with (f (1 - / 2)) by ring.
      replace (1 - / 2) with (/ 2) by field.
      pose proof (curve_range f Hf (/ 2) ltac:(lra)).
      pose proof (curve_own_inverse f Hf (/ 2) ltac:(lra)). lra.
  - rewrite !(proj2 (Nat.leb_gt _ _)) by lia.
    replace (S k - (n - m))%nat with (S (k - (n - m))) by (destruct (Nat.odd n); simpl in Hn; lia).
    specialize (Hb (k - (n - m))%nat). simpl. set (t := back f (k - (n - m)) x) in *.
    replace (1 - (1 - f (1 - t))) with (f (1 - t)) by ring.
    pose proof (curve_range f Hf (1 - t) ltac:(lra)).
    pose proof (curve_own_inverse f Hf (1 - t) ltac:(lra)). lra.
Qed.

Lemma curve_path_chain a n : 0 <= a <= 1 -> f a = a -> curve_chain f n (curve_path a n).
Proof.
  intros Ha Hfa. split; intros k Hk; try apply (curve_path_step a n k Ha Hfa Hk).
  pose proof (curve_middle_range a n Ha Hfa) as Hx. unfold curve_path.
  pose proof (fun j => back_range j (curve_middle a n) ltac:(lra)) as Hb.
  destruct (k <=? _)%nat; [specialize (Hb (Nat.div2 n - k)%nat)|
    specialize (Hb (k - (n - Nat.div2 n))%nat)]; lra.
Qed.

Lemma curve_path_start a n : 0 <= a <= 1 -> f a = a -> curve_path a n O <= / 2.
Proof.
  intros Ha Hfa. pose proof (curve_middle_range a n Ha Hfa).
  unfold curve_path; rewrite (proj2 (Nat.leb_le 0 _)) by lia.
  pose proof (back_range (Nat.div2 n - 0) (curve_middle a n) ltac:(lra)). lra.
Qed.

Lemma curve_path_ends a n :
  curve_path a n n = 1 - curve_path a n O /\
  curve_path a n n - curve_path a n O = curve_gap f a n.
Proof.
  enough (H : curve_path a n n = 1 - curve_path a n O).
  { split; [exact H|]. rewrite H. unfold curve_path, curve_gap. simpl.
    rewrite Nat.sub_0_r. ring. }
  pose proof (Nat.div2_odd n) as Hn. unfold curve_path.
  rewrite (proj2 (Nat.leb_le 0 _)), Nat.sub_0_r by lia.
  destruct (Nat.le_gt_cases n (Nat.div2 n)) as [H|H].
  - assert (n = O) as -> by (destruct (Nat.odd n); simpl in Hn; lia).
    simpl. unfold curve_middle; simpl. field.
  - rewrite (proj2 (Nat.leb_gt _ _)) by lia. do 2 f_equal. lia.
Qed.

(** Thm 5 on chains: [curve_gap] is the maximum. *)
Theorem curve_gap_is_maximum a n : 0 <= a <= 1 -> f a = a ->
  (forall p, curve_chain f n p -> p n - p O <= curve_gap f a n) /\
  (exists p, curve_chain f n p /\ p n - p O = curve_gap f a n).
Proof.
  intros Ha Hfa; split; [intros p Hp; apply curve_bound; assumption|].
  exists (curve_path a n); split; [apply curve_path_chain; assumption|apply curve_path_ends].
Qed.
End Curve.

(** * Two curves at once

    A learner that obeys two curves obeys their maximum, which is a curve again:
    this is how several (eps, delta) are joined. *)

Theorem trade_off_max f g : trade_off f -> trade_off g -> trade_off (fun x => Rmax (f x) (g x)).
Proof.
  intros [Fr Fd Fc Fi] [Gr Gd Gc Gi].
  assert (Hr : forall x, 0 <= x <= 1 -> 0 <= Rmax (f x) (g x) <= 1 - x).
  { intros x Hx. specialize (Fr x Hx); specialize (Gr x Hx). unfold Rmax; destruct Rle_dec; lra. }
  split; [exact Hr| | |].
  - intros x y H0 Hxy H1. pose proof (Rmax_l (f x) (g x)). pose proof (Rmax_r (f x) (g x)).
    specialize (Fd x y H0 Hxy H1); specialize (Gd x y H0 Hxy H1). apply Rmax_lub; lra.
  - intros x y t Hx Hy Ht. specialize (Fc x y t Hx Hy Ht); specialize (Gc x y t Hx Hy Ht).
    pose proof (Rmax_l (f x) (g x)). pose proof (Rmax_r (f x) (g x)).
    pose proof (Rmax_l (f y) (g y)). pose proof (Rmax_r (f y) (g y)). apply Rmax_lub; nra.
  - intros x Hx. specialize (Hr x Hx); specialize (Fr x Hx); specialize (Gr x Hx).
    pose proof (Rmax_l (f x) (g x)). pose proof (Rmax_r (f x) (g x)).
    set (y := Rmax (f x) (g x)) in *. specialize (Fi x Hx); specialize (Gi x Hx).
    specialize (Fd (f x) y ltac:(lra) ltac:(lra) ltac:(lra)).
    specialize (Gd (g x) y ltac:(lra) ltac:(lra) ltac:(lra)). apply Rmax_lub; lra.
Qed.

Theorem curve_chain_max f g n p : curve_chain (fun x => Rmax (f x) (g x)) n p <->
  curve_chain f n p /\ curve_chain g n p.
Proof.
  split.
  - intros [Hr Hu Hd]. split; split; try exact Hr; intros k Hk;
      specialize (Hu k Hk); specialize (Hd k Hk); cbv beta in *;
      (eapply Rle_trans; [|eassumption]); first [apply Rmax_l|apply Rmax_r].
  - intros [[Hr Fu Fd] [_ Gu Gd]]. split; [exact Hr| |]; intros k Hk; apply Rmax_lub; auto.
Qed.

(** * (eps, delta) is an instance *)

Lemma dp_curve_le e d x y : 1 <= e -> dp_curve e d x <= y <->
  0 <= y /\ 1 - y <= e * x + d /\ 1 - x <= e * y + d.
Proof.
  intros He. unfold dp_curve.
  assert (H : (1 - d - x) / e * e = 1 - d - x) by (field; lra).
  set (q := (1 - d - x) / e) in *. split.
  - intros Hy. pose proof (Rmax_l 0 (Rmax (1 - d - e * x) q)).
    pose proof (Rmax_r 0 (Rmax (1 - d - e * x) q)).
    pose proof (Rmax_l (1 - d - e * x) q). pose proof (Rmax_r (1 - d - e * x) q).
    repeat split; [lra|lra|nra].
  - intros (H0 & H1 & H2). repeat apply Rmax_lub; [lra|lra|].
    apply Rmult_le_reg_r with e; lra.
Qed.

Lemma dp_curve_above e d x : 1 <= e ->
  0 <= dp_curve e d x /\ 1 - dp_curve e d x <= e * x + d /\ 1 - x <= e * dp_curve e d x + d.
Proof. intros He; apply dp_curve_le; [exact He|apply Rle_refl]. Qed.

Theorem dp_curve_trade_off e d : 1 <= e -> 0 <= d -> trade_off (dp_curve e d).
Proof.
  intros He Hd. split.
  - intros x Hx. split; [apply dp_curve_above; exact He|]. apply dp_curve_le; [exact He|nra].
  - intros x y H0 Hxy H1. destruct (dp_curve_above e d x He) as (A & B & C).
    apply dp_curve_le; [exact He|nra].
  - intros x y t Hx Hy Ht. destruct (dp_curve_above e d x He) as (A & B & C).
    destruct (dp_curve_above e d y He) as (A' & B' & C').
    set (u := dp_curve e d x) in *. set (v := dp_curve e d y) in *.
    apply dp_curve_le; [exact He|]. repeat split; nra.
  - intros x Hx. destruct (dp_curve_above e d x He) as (A & B & C).
    apply dp_curve_le; [exact He|]. lra.
Qed.

Theorem dp_curve_chain e d n p : 1 <= e -> curve_chain (dp_curve e d) n p <-> chain e d n p.
Proof.
  intros He; split; intros [Hr Hu Hd]; split; try exact Hr; intros k Hk.
  - specialize (Hu k Hk). apply dp_curve_le in Hu; [lra|exact He].
  - specialize (Hu k Hk). apply dp_curve_le in Hu; [lra|exact He].
  - specialize (Hu k Hk); specialize (Hd k Hk). pose proof (Hr (S k) Hk).
    apply dp_curve_le; [exact He|]. lra.
  - specialize (Hu k Hk); specialize (Hd k Hk). pose proof (Hr k ltac:(lia)).
    apply dp_curve_le; [exact He|]. lra.
Qed.

Lemma dp_curve_fixed e d : 1 <= e -> 0 <= d <= 1 ->
  0 <= (1 - d) / (1 + e) <= 1 /\ dp_curve e d ((1 - d) / (1 + e)) = (1 - d) / (1 + e).
Proof.
  intros He Hd. assert (H : (1 - d) / (1 + e) * (1 + e) = 1 - d) by (field; lra).
  set (a := (1 - d) / (1 + e)) in *. assert (Ha : 0 <= a <= 1) by (split; nra).
  split; [exact Ha|]. apply Rle_antisym; [apply dp_curve_le; [exact He|lra]|].
  destruct (dp_curve_above e d a He) as (_ & H1 & _). lra.
Qed.

(** Both sides are the maximum of one set. *)
Theorem dp_curve_gap e d a n : 1 <= e -> 0 <= d -> 0 <= a <= 1 -> dp_curve e d a = a ->
  curve_gap (dp_curve e d) a n = exact_gap e d n.
Proof.
  intros He Hd Ha Hfa.
  destruct (curve_gap_is_maximum _ (dp_curve_trade_off e d He Hd) a n Ha Hfa)
    as [Hc (p & Hp & Ep)].
  destruct (exact_gap_is_maximum e d n He Hd) as [Hg (q & Hq & Eq)].
  specialize (Hc q (proj2 (dp_curve_chain e d n q He) Hq)).
  specialize (Hg p (proj1 (dp_curve_chain e d n p He) Hp)). lra.
Qed.
