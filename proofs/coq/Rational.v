(** The bounds computed on rationals, and the proof that these are the real
    ones.  Tables of values computed elsewhere are accepted or refused by
    [row_ok]; [rows_ok] says what an accepted row means. *)

From Coq Require Import Reals Lra Lia QArith Qreals List.
From Mipriv Require Import Chain.
Import ListNotations.

Fixpoint geoQ (e : Q) (m : nat) : Q :=
  match m with O => 0 | S k => 1 + e * geoQ e k end.
Fixpoint powQ (e : Q) (m : nat) : Q :=
  match m with O => 1 | S k => e * powQ e k end.
Definition middleQ (e d : Q) (n : nat) : Q :=
  if Nat.even n then 1 # 2 else (1 - d) / (1 + e).
Definition startQ (e d : Q) (n : nat) : Q :=
  let s := (middleQ e d n - d * geoQ e (Nat.div2 n)) / powQ e (Nat.div2 n) in
  if Qle_bool 0 s then s else 0.
Definition exact_gapQ (e d : Q) (n : nat) : Q := 1 - 2 * startQ e d n.
Definition poster_gapQ (e d : Q) (n : nat) : Q :=
  (powQ e n - 1 + 2 * geoQ e n * d) / (powQ e n + 1).

Local Open Scope R_scope.

Lemma Q2R_0 : Q2R 0 = 0. Proof. unfold Q2R; simpl; lra. Qed.
Lemma Q2R_1 : Q2R 1 = 1. Proof. unfold Q2R; simpl; lra. Qed.
Lemma Q2R_2 : Q2R 2 = 2. Proof. unfold Q2R; simpl; lra. Qed.
Lemma Q2R_nonzero x : Q2R x <> 0 -> ~ (x == 0)%Q.
Proof. intros H H0; apply H; rewrite (Qeq_eqR _ _ H0); apply Q2R_0. Qed.

Lemma geoQ_ok e m : Q2R (geoQ e m) = geo (Q2R e) m.
Proof.
  induction m as [|m IH]; cbn [geoQ geo]; [apply Q2R_0|].
  rewrite Q2R_plus, Q2R_mult, IH, Q2R_1; reflexivity.
Qed.
Lemma powQ_ok e m : Q2R (powQ e m) = Q2R e ^ m.
Proof.
  induction m as [|m IH]; cbn [powQ pow]; [apply Q2R_1|].
  rewrite Q2R_mult, IH; reflexivity.
Qed.

Section Ok.
Variables (e d : Q) (n : nat).
Hypothesis He : (1 <= e)%Q.

Lemma e_ge1 : 1 <= Q2R e.
Proof. rewrite <- Q2R_1; apply Qle_Rle, He. Qed.

Lemma middleQ_ok : Q2R (middleQ e d n) = middle (Q2R e) (Q2R d) n.
Proof.
  pose proof e_ge1. unfold middleQ, middle. destruct (Nat.even n).
  - unfold Q2R; simpl; lra.
  - rewrite Q2R_div, Q2R_minus, Q2R_plus, Q2R_1; [reflexivity|].
    apply Q2R_nonzero. rewrite Q2R_plus, Q2R_1; lra.
Qed.

Lemma startQ_ok : Q2R (startQ e d n) = start (Q2R e) (Q2R d) n.
Proof.
  pose proof e_ge1 as H1. unfold startQ, start.
  pose proof (pow_ge1 _ (Nat.div2 n) H1) as HE.
  set (s := (_ / _)%Q).
  assert (Hs : Q2R s = (middle (Q2R e) (Q2R d) n - Q2R d * geo (Q2R e) (Nat.div2 n))
                       / Q2R e ^ Nat.div2 n).
  { unfold s. rewrite Q2R_div, Q2R_minus, Q2R_mult, middleQ_ok, geoQ_ok, powQ_ok; [reflexivity|].
    apply Q2R_nonzero. rewrite powQ_ok; lra. }
  rewrite <- Hs. destruct (Qle_bool 0 s) eqn:Hb.
  - apply Qle_bool_iff, Qle_Rle in Hb. rewrite Q2R_0 in Hb. rewrite Rmax_right; auto.
  - rewrite Q2R_0, Rmax_left; [reflexivity|].
    apply Rnot_lt_le; intros Hc. rewrite <- Q2R_0 in Hc. apply Rlt_Qlt, Qlt_le_weak in Hc.
    apply Qle_bool_iff in Hc. congruence.
Qed.

Theorem exact_gapQ_ok : Q2R (exact_gapQ e d n) = exact_gap (Q2R e) (Q2R d) n.
Proof.
  unfold exact_gapQ, exact_gap.
  rewrite Q2R_minus, Q2R_mult, startQ_ok, Q2R_1, Q2R_2; reflexivity.
Qed.

Theorem poster_gapQ_ok : Q2R (poster_gapQ e d n) = poster_gap (Q2R e) (Q2R d) n.
Proof.
  pose proof (pow_ge1 _ n e_ge1) as HE.
  assert (Hz : ~ (powQ e n + 1 == 0)%Q)
    by (apply Q2R_nonzero; rewrite Q2R_plus, powQ_ok, Q2R_1; lra).
  unfold poster_gapQ, poster_gap.
  rewrite Q2R_div, !Q2R_plus, Q2R_minus, !Q2R_mult by exact Hz.
  rewrite geoQ_ok, powQ_ok, Q2R_1, Q2R_2. field; lra.
Qed.
End Ok.

(** One row of a table: [e], [delta], [n], the exact value and that of the poster. *)
Definition row : Type := Q * Q * nat * Q * Q.
Definition row_ok (r : row) : bool :=
  let '(e, d, n, v, t) := r in
  Qle_bool 1 e && Qle_bool 0 d && Qeq_bool (exact_gapQ e d n) v && Qeq_bool (poster_gapQ e d n) t.

(** What an accepted row means, over the reals. *)
Definition row_meaning (r : row) : Prop :=
  let '(e, d, n, v, t) := r in
  (forall p, chain (Q2R e) (Q2R d) n p -> p n - p O <= Q2R v) /\
  (exists p, chain (Q2R e) (Q2R d) n p /\ p n - p O = Q2R v) /\
  poster_gap (Q2R e) (Q2R d) n = Q2R t.

Theorem rows_ok l : forallb row_ok l = true -> Forall row_meaning l.
Proof.
  intros H. apply Forall_forall; intros [[[[e d] n] v] t] Hin.
  rewrite forallb_forall in H. specialize (H _ Hin). simpl in H.
  apply andb_prop in H as [H Ht]. apply andb_prop in H as [H Hv].
  apply andb_prop in H as [He Hd].
  apply Qle_bool_iff in He, Hd. apply Qeq_bool_eq, Qeq_eqR in Hv, Ht.
  rewrite exact_gapQ_ok in Hv by exact He. rewrite poster_gapQ_ok in Ht by exact He.
  apply Qle_Rle in He, Hd. rewrite Q2R_1 in He. rewrite Q2R_0 in Hd.
  unfold row_meaning; rewrite <- Hv.
  destruct (exact_gap_is_maximum (Q2R e) (Q2R d) n He Hd); auto.
Qed.
