(** The least error under a prior computed on rationals, and the proof that it is
    the real one, as [Rational] does for the bounds at even odds. *)

From Coq Require Import Reals Lra Lia QArith Qreals List.
From Mipriv Require Import Chain Rational Prior TradeOff LeastError.
Import ListNotations.

Definition minQ (x y : Q) : Q := if Qle_bool x y then x else y.
Definition maxQ (x y : Q) : Q := if Qle_bool x y then y else x.
Definition errorQ (pi a b : Q) : Q := (1 - pi) * a + pi * (1 - b).
Definition dp_curveQ (e d x : Q) : Q := maxQ 0 (maxQ (1 - d - e * x) ((1 - d - x) / e)).
Fixpoint corner_rateQ (e d : Q) (j : nat) : Q :=
  match j with O => (1 - d) / (1 + e) | S k => maxQ 0 ((corner_rateQ e d k - d) / e) end.
Fixpoint aheadQ (e d : Q) (n : nat) : Q :=
  match n with O => 0 | S k => 1 - dp_curveQ e d (aheadQ e d k) end.
Fixpoint least_uptoQ (e d pi : Q) (n k : nat) : Q :=
  match k with
  | O => minQ pi (1 - pi) * (1 - aheadQ e d n)
  | S i => minQ (least_uptoQ e d pi n i)
                (errorQ pi (corner_rateQ e d i) (1 - corner_rateQ e d (n - 1 - i)))
  end.
Definition least_errorQ (e d pi : Q) (n : nat) : Q := least_uptoQ e d pi n n.

Local Open Scope R_scope.

Lemma minQ_ok x y : Q2R (minQ x y) = Rmin (Q2R x) (Q2R y).
Proof.
  unfold minQ. destruct (Qle_bool x y) eqn:H.
  - rewrite Rmin_left; [reflexivity|]. apply Qle_Rle, Qle_bool_iff, H.
  - rewrite Rmin_right; [reflexivity|]. apply Rnot_lt_le; intros Hc.
    apply Rlt_Qlt, Qlt_le_weak, Qle_bool_iff in Hc. congruence.
Qed.

Lemma maxQ_ok x y : Q2R (maxQ x y) = Rmax (Q2R x) (Q2R y).
Proof.
  pose proof (minQ_ok x y) as H. revert H. unfold minQ, maxQ, Rmin, Rmax.
  destruct (Qle_bool x y), Rle_dec; intros; lra.
Qed.

Section Ok.
Variables (e d pi : Q).
Hypothesis He : (1 <= e)%Q.

Lemma e_nonzero : ~ (e == 0)%Q.
Proof. apply Q2R_nonzero. pose proof (e_ge1 e He). lra. Qed.

Lemma dp_curveQ_ok x : Q2R (dp_curveQ e d x) = dp_curve (Q2R e) (Q2R d) (Q2R x).
Proof.
  unfold dp_curveQ, dp_curve. rewrite !maxQ_ok, Q2R_div by apply e_nonzero.
  rewrite !Q2R_minus, Q2R_mult, Q2R_0, Q2R_1; reflexivity.
Qed.

Lemma corner_rateQ_ok j : Q2R (corner_rateQ e d j) = corner_rate (Q2R e) (Q2R d) j.
Proof.
  unfold corner_rate. pose proof (e_ge1 e He). induction j as [|j IH]; cbn [corner_rateQ tail].
  - rewrite Q2R_div by (apply Q2R_nonzero; rewrite Q2R_plus, Q2R_1; lra).
    rewrite Q2R_minus, Q2R_plus, Q2R_1; reflexivity.
  - rewrite maxQ_ok, Q2R_div, Q2R_minus, IH, Q2R_0 by apply e_nonzero; reflexivity.
Qed.

Lemma aheadQ_ok n : Q2R (aheadQ e d n) = ahead (Q2R e) (Q2R d) n.
Proof.
  induction n as [|n IH]; cbn [aheadQ ahead]; [apply Q2R_0|].
  rewrite Q2R_minus, dp_curveQ_ok, IH, Q2R_1; reflexivity.
Qed.

Theorem least_errorQ_ok n :
  Q2R (least_errorQ e d pi n) = least_delta_error (Q2R e) (Q2R d) (Q2R pi) n.
Proof.
  unfold least_errorQ, least_delta_error. generalize n at 2 4; intros k.
  induction k as [|k IH]; cbn [least_uptoQ least_delta_upto].
  - rewrite Q2R_mult, minQ_ok, !Q2R_minus, aheadQ_ok, Q2R_1; reflexivity.
  - rewrite minQ_ok, IH. unfold errorQ, error.
    rewrite Q2R_plus, !Q2R_mult, !Q2R_minus, !corner_rateQ_ok, Q2R_1; reflexivity.
Qed.
End Ok.

(** One row of a table: [e], [delta], the prior of secret 1, [n], the least error. *)
Definition prior_row : Type := Q * Q * Q * nat * Q.
Definition prior_row_ok (r : prior_row) : bool :=
  let '(e, d, pi, n, v) := r in
  Qle_bool 1 e && Qle_bool 0 d && Qle_bool d 1 && Qle_bool 0 pi && Qle_bool pi 1 &&
  Qeq_bool (least_errorQ e d pi n) v.

(** What an accepted row means, over the reals. *)
Definition prior_row_meaning (r : prior_row) : Prop :=
  let '(e, d, pi, n, v) := r in
  (forall p, chain (Q2R e) (Q2R d) n p -> Q2R v <= error (Q2R pi) (p O) (p n)) /\
  (exists p, chain (Q2R e) (Q2R d) n p /\ error (Q2R pi) (p O) (p n) = Q2R v).

Theorem prior_rows_ok l : forallb prior_row_ok l = true -> Forall prior_row_meaning l.
Proof.
  intros H. apply Forall_forall; intros [[[[e d] pi] n] v] Hin.
  rewrite forallb_forall in H. specialize (H _ Hin). simpl in H.
  rewrite !Bool.andb_true_iff in H. destruct H as [[[[[He D0] D1] P0] P1] Hv].
  apply Qle_bool_iff in He, D0, D1, P0, P1. apply Qeq_bool_eq, Qeq_eqR in Hv.
  rewrite least_errorQ_ok in Hv by exact He.
  apply Qle_Rle in He, D0, D1, P0, P1. rewrite Q2R_1 in He, D1, P1. rewrite Q2R_0 in D0, P0.
  unfold prior_row_meaning; rewrite <- Hv.
  apply least_delta_error_is_minimum; auto.
Qed.
