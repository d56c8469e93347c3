(** The largest success for [K] secrets, records replaced and [delta = 0], computed on
    rationals, and the proof that it is the real one, as [Rational] does for two secrets. *)

From Coq Require Import Reals Lra Arith QArith Qreals List.
From Mipriv Require Import Chain Rational PriorRational Population SecretsBound SecretsMax.
Import ListNotations.

(** [K] on rationals. *)
Definition countQ (K : nat) : Q := inject_Z (Z.of_nat K).
Definition weightQ (e : Q) (K n j : nat) : Q := powQ e j + (countQ K - 1) * powQ e (n - j).
Fixpoint least_weightQ (e : Q) (K n j : nat) : Q :=
  match j with
  | O => weightQ e K n O
  | S i => minQ (least_weightQ e K n i) (weightQ e K n (S i))
  end.
Definition secrets_pureQ (e : Q) (K n : nat) : Q := 1 - (countQ K - 1) / least_weightQ e K n n.

Local Open Scope R_scope.

Lemma countQ_ok K : Q2R (countQ K) = INR K.
Proof. unfold countQ, Q2R; simpl. rewrite INR_IZR_INZ; lra. Qed.

Lemma weightQ_ok e K n j : Q2R (weightQ e K n j) = weight (Q2R e) K n j.
Proof.
  unfold weightQ, weight.
  rewrite Q2R_plus, Q2R_mult, Q2R_minus, !powQ_ok, countQ_ok, Q2R_1; reflexivity.
Qed.

Lemma least_weightQ_ok e K n j : Q2R (least_weightQ e K n j) = least_weight (Q2R e) K n j.
Proof.
  induction j as [|j IH]; cbn [least_weightQ least_weight]; [apply weightQ_ok|].
  rewrite minQ_ok, IH, weightQ_ok; reflexivity.
Qed.

(** On rationals as on reals, a quotient by 0 is 0. *)
Lemma Q2R_quotient x y : Q2R (x / y) = Q2R x / Q2R y.
Proof.
  destruct (Qeq_dec y 0) as [H|H]; [|apply Q2R_div, H].
  pose proof (Qeq_eqR _ _ H) as H0. rewrite Q2R_0 in H0.
  assert (Hi : (x / y == 0)%Q) by (unfold Qdiv; rewrite H; apply Qmult_0_r).
  rewrite (Qeq_eqR _ _ Hi), H0, Q2R_0. unfold Rdiv. rewrite Rinv_0; ring.
Qed.

Theorem secrets_pureQ_ok e K n : (1 <= e)%Q ->
  Q2R (secrets_pureQ e K n) = secrets_pure (Q2R e) K n.
Proof.
  intros _. unfold secrets_pureQ, secrets_pure.
  rewrite Q2R_minus, Q2R_quotient, Q2R_minus, countQ_ok, least_weightQ_ok, Q2R_1; reflexivity.
Qed.

(** One row of a table: [e], the number of secrets, [n], the largest success. *)
Definition secrets_row : Type := Q * nat * nat * Q.
Definition secrets_row_ok (r : secrets_row) : bool :=
  let '(e, K, n, v) := r in
  Qle_bool 1 e && (2 <=? K)%nat && Qeq_bool (secrets_pureQ e K n) v.

(** What an accepted row means, over the reals. *)
Definition secrets_row_meaning (r : secrets_row) : Prop :=
  let '(e, K, n, v) := r in
  successes substitution (Q2R e) 0 K n (Q2R v) /\
  forall s, successes substitution (Q2R e) 0 K n s -> s <= Q2R v.

Theorem secrets_rows_ok l : forallb secrets_row_ok l = true -> Forall secrets_row_meaning l.
Proof.
  intros H. apply Forall_forall; intros [[[e K] n] v] Hin.
  rewrite forallb_forall in H. specialize (H _ Hin). unfold secrets_row_ok in H.
  rewrite !Bool.andb_true_iff in H. destruct H as [[He HK] Hv].
  apply Qle_bool_iff in He. apply Nat.leb_le in HK. apply Qeq_bool_eq, Qeq_eqR in Hv.
  rewrite secrets_pureQ_ok in Hv by exact He.
  unfold secrets_row_meaning; rewrite <- Hv.
  apply substitution_secrets_max; [apply e_ge1, He|exact HK].
Qed.
