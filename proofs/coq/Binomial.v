(** The mean of a function of the number of successes in [n] trials.

    A reader has to trust nothing new: [bin_mean_C] shows that [bin_mean] is the
    sum against the binomial law, with the library's coefficients [C]. *)

From Coq Require Import Reals Lra Lia Psatz Arith.
From Mipriv Require Import Mechanism.
Local Open Scope R_scope.

(** * The binomial mean *)

(** The mean of [F K], [K] the number of successes in [n] trials. *)
Fixpoint bin_mean (tau : R) (n : nat) (F : nat -> R) : R :=
  match n with
  | O => F O
  | S m => (1 - tau) * bin_mean tau m F + tau * bin_mean tau m (fun k => F (S k))
  end.

(** Only the values up to [n] count. *)
Lemma bin_mean_ext_to tau n F G : (forall k, (k <= n)%nat -> F k = G k) ->
  bin_mean tau n F = bin_mean tau n G.
Proof.
  revert F G; induction n as [|n IH]; intros F G H; simpl; [apply H; lia|].
  rewrite (IH F G), (IH (fun k => F (S k)) (fun k => G (S k))); auto with arith.
Qed.

Lemma bin_mean_ext tau n F G : (forall k, F k = G k) -> bin_mean tau n F = bin_mean tau n G.
Proof. intros H; apply bin_mean_ext_to; auto. Qed.

Lemma bin_mean_lin tau n a b F G :
  bin_mean tau n (fun k => a * F k + b * G k) = a * bin_mean tau n F + b * bin_mean tau n G.
Proof.
  revert F G; induction n as [|n IH]; intros F G; simpl; [reflexivity|].
  rewrite IH, (IH (fun k => F (S k)) (fun k => G (S k))); ring.
Qed.

Lemma bin_mean_scal tau n a F : bin_mean tau n (fun k => a * F k) = a * bin_mean tau n F.
Proof.
  rewrite (bin_mean_ext tau n _ (fun k => a * F k + 0 * F k)) by (intros; ring).
  rewrite bin_mean_lin; ring.
Qed.

(** The generating function of the binomial law. *)
Lemma bin_mean_pow tau n r : bin_mean tau n (fun k => r ^ k) = (1 - tau * (1 - r)) ^ n.
Proof.
  induction n as [|n IH]; [reflexivity|]. cbn [bin_mean]. rewrite IH.
  cbn [pow]. rewrite (bin_mean_scal tau n r (fun k => r ^ k)), IH. ring.
Qed.

Lemma bin_mean_const tau n a : bin_mean tau n (fun _ => a) = a.
Proof. induction n as [|n IH]; cbn [bin_mean]; [reflexivity|rewrite IH; ring]. Qed.

Lemma bin_mean_sure n F : bin_mean 1 n F = F n.
Proof. revert F; induction n as [|n IH]; intros F; simpl; [reflexivity|]. rewrite !IH; lra. Qed.

Lemma bin_mean_le tau n F G : 0 <= tau <= 1 -> (forall k, F k <= G k) ->
  bin_mean tau n F <= bin_mean tau n G.
Proof.
  intros Ht; revert F G; induction n as [|n IH]; intros F G H; simpl; [apply H|].
  pose proof (IH F G H).
  pose proof (IH (fun k => F (S k)) (fun k => G (S k)) (fun k => H (S k))). nra.
Qed.

(** A likelier success never lowers the mean of a nondecreasing function. *)
Lemma bin_mean_mono t t' n F : 0 <= t -> t <= t' -> t' <= 1 -> (forall k, F k <= F (S k)) ->
  bin_mean t n F <= bin_mean t' n F.
Proof.
  intros H0 Ht H1; revert F; induction n as [|n IH]; intros F H; simpl; [lra|].
  pose proof (IH F H). pose proof (IH (fun k => F (S k)) (fun k => H (S k))).
  pose proof (bin_mean_le t' n F (fun k => F (S k)) ltac:(lra) H). nra.
Qed.

(** Pascal's triangle, with zeros to its right. *)
Fixpoint choose (n k : nat) : R :=
  match n, k with
  | _, O => 1
  | O, S _ => 0
  | S m, S j => choose m j + choose m (S j)
  end.

Lemma choose_right n k : (n < k)%nat -> choose n k = 0.
Proof.
  revert k; induction n as [|n IH]; intros [|k] H; simpl; try lia; [lra|].
  rewrite !IH by lia; lra.
Qed.

Lemma choose_C n k : (k <= n)%nat -> choose n k = C n k.
Proof.
  revert k; induction n as [|n IH]; intros [|k] H; try lia.
  - unfold C; simpl; field.
  - unfold C. rewrite Nat.sub_0_r; simpl (fact 0); simpl (INR 1). simpl choose.
    field; apply INR_fact_neq_0.
  - simpl choose. destruct (Nat.eq_dec k n) as [->|Hk].
    + rewrite IH, (choose_right n (S n)) by lia. unfold C.
      rewrite !Nat.sub_diag; simpl (fact 0); simpl (INR 1).
      field; split; apply INR_fact_neq_0.
    + rewrite !IH by lia. apply pascal; lia.
Qed.

Lemma sum_first n f : sum (S n) f = f O + sum n (fun k => f (S k)).
Proof. induction n as [|n IH]; cbn [sum] in *; [lra|rewrite IH; lra]. Qed.

Lemma bin_mean_choose tau n F :
  bin_mean tau n F = sum (S n) (fun k => choose n k * tau ^ k * (1 - tau) ^ (n - k) * F k).
Proof.
  revert F; induction n as [|n IH]; intros F; [simpl; ring|].
  rewrite sum_first. simpl bin_mean. rewrite (IH (fun k => F (S k))).
  assert (HF : bin_mean tau n F = (1 - tau) ^ n * F O
     + sum (S n) (fun k => choose n (S k) * tau ^ S k * (1 - tau) ^ (n - S k) * F (S k))).
  { rewrite IH, sum_first, Nat.sub_0_r. cbn [sum]. rewrite (choose_right n (S n)) by lia.
    destruct n; simpl; ring. }
  rewrite HF, Rmult_plus_distr_l, Rplus_assoc. f_equal; [destruct n; simpl; ring|].
  rewrite <- sum_lin. apply sum_ext; intros k Hk. cbn [choose Nat.sub].
  destruct (Nat.eq_dec k n) as [->|Hkn].
  - rewrite (choose_right n (S n)) by lia. simpl; ring.
  - replace (n - k)%nat with (S (n - S k)) by lia. simpl; ring.
Qed.

(** [bin_mean] is the mean of [F K] for [K ~ Bin(n, tau)]. *)
Theorem bin_mean_C tau n F :
  bin_mean tau n F = sum (S n) (fun k => C n k * tau ^ k * (1 - tau) ^ (n - k) * F k).
Proof.
  rewrite bin_mean_choose. apply sum_ext; intros k Hk. rewrite choose_C by lia; reflexivity.
Qed.
