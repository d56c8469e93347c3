(** The near rule is private (theory, Thm 9).  Nothing has to be trusted. *)

From Coq Require Import Reals Lra Lia Psatz Arith.
From Mipriv Require Import Chain Mechanism Coupling Secrets SecretsNear.
Local Open Scope R_scope.

(** * Three inequalities between real numbers

    The vote that moves goes from [a] to [b].  Of the other votes, those for [a] and
    for [b] have sets of total weight [A] and [B]; of those for the remaining
    symbols, [s] and [p] are the weights of the sets of one and of two symbols, [V]
    that of all sets.  [u] stands for [/ (K - 2)], [w] for [/ K]. *)

Definition answer (T u w x S1 P2 : R) : R :=
  1 + x + (P2 - x * (S1 - x)) * u + (T - 1 - S1 - P2) * w.

Section Inequalities.
Variables (e A B s p V u w k : R).
Hypotheses (He : 1 <= e) (HA : 1 <= A) (HB : 1 <= B) (Hs : 0 <= s) (Hp : 0 <= p).
Hypotheses (HV : 1 + s + p <= V) (Hk : A * B * V <= k - 1).
Hypotheses (Hw : 0 <= w) (Hwu : w <= u) (Hu : (k - 2) * u = 1).

Let T := e * A * B * V.
Let single x y := x + y + s.
Let double x y := x * y + (x + y) * s + p.

Lemma large : A - 1 <= k - 2 /\ s <= k - 2.
Proof.
  assert (H1 : 1 <= A * B) by nra. assert (A <= A * B) by nra.
  assert (H2 : A * B <= A * B * V) by nra. assert (V <= A * B * V) by nra.
  split; lra.
Qed.

Lemma small y : 0 <= y -> y <= k - 2 -> y * u <= 1 /\ y * w <= 1.
Proof.
  intros H0 Hy. assert (y * u <= (k - 2) * u) by (apply Rmult_le_compat_r; lra).
  assert (y * w <= y * u) by (apply Rmult_le_compat_l; lra). lra.
Qed.

(** The gainer. *)
Lemma answer_gain :
  answer T u w (e * B - 1) (single (A - 1) (e * B - 1)) (double (A - 1) (e * B - 1)) <=
  e * answer T u w (B - 1) (single (e * A - 1) (B - 1)) (double (e * A - 1) (B - 1)).
Proof.
  apply Rminus_le. unfold answer, single, double.
  match goal with |- ?l <= 0 => replace l with (- ((e - 1) *
    (((e + 1) * A - 1) * s * (u - w) + p * (u - w) + e * A * B * (V - 1) * w))) by (unfold T;
      ring) end.
  assert (0 <= ((e + 1) * A - 1) * s * (u - w)) by (repeat apply Rmult_le_pos; nra).
  assert (0 <= p * (u - w)) by (apply Rmult_le_pos; lra).
  assert (0 <= e * A * B * (V - 1) * w) by (repeat apply Rmult_le_pos; lra).
  assert (0 <= (e - 1) * (((e + 1) * A - 1) * s * (u - w) + p * (u - w) + e * A * B * (V - 1) * w))
    by (apply Rmult_le_pos; lra). lra.
Qed.

(** What the answers by three or more symbols give back. *)
Lemma spread_gain : - (s * (A - 1)) <= e * A * B * (V - 1) - s * ((e + 1) * A - 1) - p.
Proof.
  assert (H : A * (s + p) <= A * B * (V - 1)).
  { assert (A * (s + p) <= A * (V - 1)) by (apply Rmult_le_compat_l; lra).
    assert (A * (V - 1) <= A * B * (V - 1)) by (apply Rmult_le_compat_r; nra). lra. }
  assert (e * (A * (s + p)) <= e * (A * B * (V - 1))) by (apply Rmult_le_compat_l; lra).
  assert (1 * p <= A * p) by (apply Rmult_le_compat_r; lra).
  assert (1 * (A * p) <= e * (A * p)) by (apply Rmult_le_compat_r; lra). lra.
Qed.

(** The loser. *)
Lemma answer_loss :
  answer T u w (A - 1) (single (A - 1) (e * B - 1)) (double (A - 1) (e * B - 1)) <=
  e * answer T u w (e * A - 1) (single (e * A - 1) (B - 1)) (double (e * A - 1) (B - 1)).
Proof.
  apply Rminus_le. unfold answer, single, double.
  match goal with |- ?l <= 0 => replace l with (- ((e - 1) * ((e + 1) * A - s * u + p * u
    + (e * A * B * (V - 1) - s * ((e + 1) * A - 1) - p) * w))) by (unfold T; ring) end.
  destruct large as [H1 H2]. destruct (small s Hs H2) as [Hsu Hsw].
  assert (- (s * (A - 1)) * w <= (e * A * B * (V - 1) - s * ((e + 1) * A - 1) - p) * w)
    by (apply Rmult_le_compat_r; [exact Hw|apply spread_gain]).
  assert ((A - 1) * (s * w) <= (A - 1) * 1) by (apply Rmult_le_compat_l; lra).
  assert (0 <= p * u) by (apply Rmult_le_pos; lra). assert (0 <= e * A) by nra.
  assert (0 <= (e - 1) * ((e + 1) * A - s * u + p * u
    + (e * A * B * (V - 1) - s * ((e + 1) * A - 1) - p) * w)) by (apply Rmult_le_pos; lra). lra.
Qed.

(** Anyone else. *)
Lemma answer_other x s' p' : 0 <= x -> 0 <= s' -> 0 <= p' -> s = x + s' -> p = x * s' + p' ->
  answer T u w x (single (A - 1) (e * B - 1)) (double (A - 1) (e * B - 1)) <=
  e * answer T u w x (single (e * A - 1) (B - 1)) (double (e * A - 1) (B - 1)).
Proof.
  intros Hx Hs' Hp' Es Ep. apply Rminus_le. unfold answer, single, double.
  set (D := (1 + x) + (e * A * B - (e + 1) * A + 1 + ((e + 1) * A - 2) * s' + p') * u
    + (e * A * B * (V - 1) - s * ((e + 1) * A - 1) - p) * w).
  match goal with |- ?l <= 0 => replace l with (- ((e - 1) * D))
    by (unfold D, T; rewrite Es, Ep; ring) end.
  destruct large as [H1 H2]. destruct (small (A - 1) ltac:(lra) H1) as [HAu HAw].
  assert (- (s * (A - 1)) * w <= (e * A * B * (V - 1) - s * ((e + 1) * A - 1) - p) * w)
    by (apply Rmult_le_compat_r; [exact Hw|apply spread_gain]).
  assert (Hl : (- (A - 1) + (A - 1) * s') * u
    <= (e * A * B - (e + 1) * A + 1 + ((e + 1) * A - 2) * s' + p') * u).
  { apply Rmult_le_compat_r; [lra|]. assert (1 * A <= e * A) by (apply Rmult_le_compat_r; lra).
    assert (e * A * 1 <= e * A * B) by (apply Rmult_le_compat_l; lra).
    assert ((A - 1) * s' <= ((e + 1) * A - 2) * s') by (apply Rmult_le_compat_r; lra). lra. }
  assert (0 <= (A - 1) * s' * (u - w)) by (repeat apply Rmult_le_pos; lra).
  assert (x * ((A - 1) * w) <= x * 1) by (apply Rmult_le_compat_l; lra).
  assert (0 <= D) by (unfold D; rewrite Es in *; lra).
  assert (0 <= (e - 1) * D) by (apply Rmult_le_pos; lra). lra.
Qed.
End Inequalities.

(** * One vote replaced *)

Section Move.
Variables (e : R) (K a b : nat) (c : nat -> nat).
Hypotheses (He : 1 <= e) (HK : (3 <= K)%nat) (Ha : (a < K)%nat) (Hb : (b < K)%nat) (Hab : a <> b).
Hypothesis Hc : e ^ total K c <= INR K - 1.

Let others := without O b (without O a c).
Let s := sum K (extra e others).
Let p := pairs K (extra e others).
Let V := e ^ total K others.

Lemma two_spots c' : (forall l, (l < K)%nat -> without O b (without O a c') l = others l) ->
  sum K (extra e c') = extra e c' a + extra e c' b + s /\
  pairs K (extra e c') = extra e c' a * extra e c' b + (extra e c' a + extra e c' b) * s + p.
Proof.
  intros H. set (x := extra e c').
  assert (Hx : forall l, (l < K)%nat -> without 0 b (without 0 a x) l = extra e others l).
  { intros l Hl. unfold extra. rewrite <- H by exact Hl. fold (extra e c').
  unfold without, x, extra.
    destruct (l =? b)%nat, (l =? a)%nat; simpl; ring. }
  unfold s, p. rewrite <- (sum_ext K _ _ Hx), <- (pairs_ext K _ _ Hx).
  rewrite (pairs_spot K a x), (sum_spot K a x) by exact Ha.
  change (fun l => if (l =? a)%nat then 0 else x l) with (without 0 a x).
  set (y := without 0 a x). replace (x b) with (y b) by (apply without_other; auto).
  rewrite (pairs_spot K b y), (sum_spot K b y) by exact Hb.
  change (fun l => if (l =? b)%nat then 0 else y l) with (without 0 b y). split; ring.
Qed.

Lemma others_voted z : (z = a \/ z = b) ->
  forall l, (l < K)%nat -> without O b (without O a (voted z c)) l = others l.
Proof.
  intros Hz l _. unfold others, without, voted.
  destruct (Nat.eqb_spec l b), (Nat.eqb_spec l a); try reflexivity.
  destruct (Nat.eqb_spec l z); [|reflexivity]. destruct Hz; subst; congruence.
Qed.

Lemma total_two : total K c = (c a + c b + total K others)%nat.
Proof.
  rewrite (total_spot K a c), (total_spot K b (without O a c)) by assumption.
  rewrite (without_other O a c b) by auto. fold others. lia.
Qed.

Lemma near_move o : (o < K)%nat ->
  near e K (S (total K c)) (voted b c) o <= e * near e K (S (total K c)) (voted a c) o.
Proof.
  intros Ho. pose proof (three K HK) as H3. pose proof (pow_ge1 e (S (total K c)) He).
  unfold near. set (W := e ^ S (total K c) + (INR K - 1)).
  unfold Rdiv; rewrite <- Rmult_assoc.
  apply Rmult_le_compat_r; [apply Rlt_le, Rinv_0_lt_compat; unfold W; lra|].
  set (A := e ^ c a). set (B := e ^ c b).
  assert (HA : 1 <= A) by apply (pow_ge1 e _ He). assert (HB : 1 <= B) by apply (pow_ge1 e _ He).
  pose proof (fun l => extra_nonneg e He others l) as Hx.
  assert (Hs : 0 <= s) by (apply sum_nonneg; auto).
  assert (Hp : 0 <= p) by (apply pairs_nonneg; auto).
  assert (HV : 1 + s + p <= V) by (apply sets_total, He).
  assert (Hk : A * B * V <= INR K - 1)
    by (unfold A, B, V; rewrite <- !pow_add, <- total_two; exact Hc).
  set (u := / (INR K - 2)). set (w := / INR K).
  assert (Hw : 0 <= w) by (apply Rlt_le, Rinv_0_lt_compat; lra).
  assert (Hwu : w <= u) by (apply Rinv_le_contravar; lra).
  assert (Hu : (INR K - 2) * u = 1) by (unfold u; field; lra).
  unfold near_weight. fold u w.
  destruct (two_spots (voted a c) (others_voted a (or_introl eq_refl))) as [-> ->].
  destruct (two_spots (voted b c) (others_voted b (or_intror eq_refl))) as [-> ->].
  assert (HT : e ^ S (total K c) = e * A * B * V)
    by (rewrite total_two; cbn [pow]; rewrite !pow_add; unfold A, B, V; ring).
  rewrite HT.
  assert (Eaa : extra e (voted a c) a = e * A - 1) by (unfold extra, voted; rewrite Nat.eqb_refl;
    reflexivity).
  assert (Ebb : extra e (voted b c) b = e * B - 1) by (unfold extra, voted; rewrite Nat.eqb_refl;
    reflexivity).
  assert (Ez : forall z l, l <> z -> extra e (voted z c) l = e ^ c l - 1)
    by (intros z l Hl; unfold extra, voted; rewrite (proj2 (Nat.eqb_neq l z) Hl); reflexivity).
  rewrite Eaa, Ebb, (Ez a b), (Ez b a) by auto. fold A B.
  destruct (Nat.eq_dec o b) as [->|Hob]; [|destruct (Nat.eq_dec o a) as [->|Hoa]].
  - rewrite Ebb, (Ez a b) by auto. fold B.
    apply (answer_gain e A B s p V u w); assumption.
  - rewrite Eaa, (Ez b a) by auto. fold A.
    apply (answer_loss e A B s p V u w (INR K)); assumption.
  - rewrite (Ez a o), (Ez b o) by assumption.
    apply (answer_other e A B s p V u w (INR K)) with (s' := sum K (without 0 o (extra e others)))
      (p' := pairs K (without 0 o (extra e others))); try assumption.
    + pose proof (pow_ge1 e (c o) He); lra.
    + apply sum_nonneg; intros l _. rewrite <- extra_without. apply extra_nonneg, He.
    + apply pairs_nonneg; intros l _. rewrite <- extra_without. apply extra_nonneg, He.
    + unfold s. rewrite (sum_spot K o) by exact Ho. f_equal. unfold extra, others.
      rewrite !without_other by auto. reflexivity.
    + unfold p. rewrite (pairs_spot K o) by exact Ho. f_equal. f_equal. unfold extra, others.
      rewrite !without_other by auto. reflexivity.
Qed.
End Move.
