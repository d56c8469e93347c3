(** Two random data sets, however they depend on one another: the distance
    between the outputs is at most the mean of [exact_gap] at the number of steps
    between them (theory, Thm 6, upper half).

    A reader has to trust, besides [Chain] and [Mechanism], [path] alone for
    [finite_coupling_bound], and [expectation] too for [coupling_bound]. *)

From Coq Require Import Reals Lra Lia Psatz Arith.
From Mipriv Require Import Chain Mechanism.
Local Open Scope R_scope.

(** * Paths of neighbours *)

(** [path adj n x y]: [n] steps between neighbours lead from [x] to [y]. *)
Inductive path {X : Type} (adj : X -> X -> Prop) : nat -> X -> X -> Prop :=
| path_stay x : path adj 0 x x
| path_step n x y z : adj x y -> path adj n y z -> path adj (S n) x z.

(** A path as the sequence of its data sets, which is what [tv_bound] wants. *)
Lemma path_walk {X : Type} (adj : X -> X -> Prop) n x y : path adj n x y ->
  exists w, w O = x /\ w n = y /\ forall k, (k < n)%nat -> adj (w k) (w (S k)).
Proof.
  induction 1 as [x|n x y z Hxy _ (w & <- & <- & Hw)].
  - exists (fun _ => x); repeat split; lia.
  - exists (fun k => match k with O => x | S j => w j end); repeat split.
    intros [|k] Hk; [exact Hxy|apply Hw; lia].
Qed.

(** A map that turns a step into a step turns a path into a path. *)
Lemma path_map {X Y : Type} (adj : X -> X -> Prop) (adj' : Y -> Y -> Prop) (h : X -> Y) n x y :
  (forall u v, adj u v -> adj' (h u) (h v)) -> path adj n x y -> path adj' n (h x) (h y).
Proof. intros H; induction 1; [constructor|]. eapply path_step; eauto. Qed.

(** * Expectations and couplings *)

(** What is used of an expectation [E] that puts its weight on [on]: it is
    monotone, linear, and 1 on 1.  Finite sums are the only instances here. *)
Record expectation {A : Type} (on : A -> Prop) (E : (A -> R) -> R) : Prop := {
  E_le : forall f g, (forall a, on a -> f a <= g a) -> E f <= E g;
  E_lin : forall a b f g, E (fun x => a * f x + b * g x) = a * E f + b * E g;
  E_one : E (fun _ => 1) = 1 }.

Definition everywhere {A : Type} (_ : A) : Prop := True.

Section Expectation.
Context {A : Type} {on : A -> Prop} {E : (A -> R) -> R} (HE : expectation on E).

Lemma E_ext f g : (forall a, on a -> f a = g a) -> E f = E g.
Proof.
  intros H; apply Rle_antisym; apply (E_le _ _ HE); intros a Ha; rewrite H by exact Ha; lra.
Qed.

Lemma E_zero : E (fun _ => 0) = 0.
Proof.
  transitivity (E (fun _ => 0 * 1 + 0 * 1)); [apply E_ext; intros; lra|].
  rewrite (E_lin _ _ HE); lra.
Qed.

Lemma E_sum N f : E (fun a => sum N (f a)) = sum N (fun i => E (fun a => f a i)).
Proof.
  induction N as [|N IH]; simpl.
  - apply E_zero.
  - rewrite <- IH. transitivity (E (fun a => 1 * sum N (f a) + 1 * f a N)).
    + apply E_ext; intros; lra.
    + rewrite (E_lin _ _ HE); lra.
Qed.

Lemma E_abs f : Rabs (E f) <= E (fun a => Rabs (f a)).
Proof.
  assert (H : forall s, s = 1 \/ s = -1 -> s * E f <= E (fun a => Rabs (f a))).
  { intros s Hs. replace (s * E f) with (s * E f + 0 * E f) by lra.
    rewrite <- (E_lin _ _ HE). apply (E_le _ _ HE); intros a _.
    unfold Rabs; destruct Rcase_abs, Hs; subst s; lra. }
  apply Rabs_le; pose proof (H 1); pose proof (H (-1)); lra.
Qed.

(** Any coupling of any two random data sets: the distance between the outputs
    is at most the mean of [exact_gap] at the number of steps between them. *)
Theorem coupling_bound {X : Type} (adj : X -> X -> Prop) e d N M
    (x y : A -> X) (dist : A -> nat) : 1 <= e ->
  (forall u v, adj u v -> adj v u) -> mechanism X adj e d N M ->
  (forall a, on a -> path adj (dist a) (x a) (y a)) ->
  tv N (fun i => E (fun a => M (x a) i)) (fun i => E (fun a => M (y a) i))
  <= E (fun a => exact_gap e d (dist a)).
Proof.
  intros He Hsym HM Hpath.
  apply Rle_trans with (E (fun a => tv N (M (x a)) (M (y a)))).
  - unfold tv. set (D := fun a i => Rabs (M (x a) i - M (y a) i)).
    replace (E _) with (/ 2 * E (fun a => sum N (D a)) + 0 * 0);
      [rewrite E_sum, Rmult_0_l, Rplus_0_r|].
    + apply Rmult_le_compat_l; [lra|]. apply sum_le; intros i _.
      eapply Rle_trans; [|apply E_abs]. apply Req_le; f_equal.
      transitivity (1 * E (fun a => M (x a) i) + -1 * E (fun a => M (y a) i)); [lra|].
      rewrite <- (E_lin _ _ HE). apply E_ext; intros; lra.
    + rewrite Rmult_0_l. transitivity (E (fun a => / 2 * sum N (D a) + 0 * 1)).
      * rewrite (E_lin _ _ HE); lra.
      * apply E_ext; intros; unfold D; lra.
  - apply (E_le _ _ HE); intros a Ha.
    destruct (path_walk _ _ _ _ (Hpath a Ha)) as (w & <- & <- & Hw).
    apply (tv_bound X adj); assumption.
Qed.
End Expectation.

Lemma tv_pos N P Q : 0 <= tv N P Q.
Proof.
  unfold tv. apply Rmult_le_pos; [lra|]. rewrite <- (sum_zero N).
  apply sum_le; intros; apply Rabs_pos.
Qed.

Lemma tv_le1 N P Q : is_dist N P -> is_dist N Q -> tv N P Q <= 1.
Proof.
  intros HP HQ. rewrite tv_best_event by assumption.
  pose proof (prob_range N P (best_event P Q) HP).
  pose proof (prob_range N Q (best_event P Q) HQ). lra.
Qed.

(** Weighing finitely many points. *)
Lemma weights_expectation n w : is_dist n w ->
  expectation (fun i => (i < n)%nat) (fun f => sum n (fun i => w i * f i)).
Proof.
  intros [Hw H1]; split.
  - intros f g H; apply sum_le; intros i Hi. apply Rmult_le_compat_l; auto.
  - intros a b f g; cbn beta.
    rewrite <- (sum_lin n a b (fun i => w i * f i)). apply sum_ext; intros; ring.
  - etransitivity; [|exact H1]. apply sum_ext; intros; ring.
Qed.

(** Thm 6, upper half, for a finite coupling: with weight [w i] the data sets
    are [x i] and [y i], joined by a path of [dist i] steps. *)
Theorem finite_coupling_bound {X : Type} (adj : X -> X -> Prop) e d N M n
    (w : nat -> R) (x y : nat -> X) (dist : nat -> nat) : 1 <= e ->
  (forall u v, adj u v -> adj v u) -> mechanism X adj e d N M -> is_dist n w ->
  (forall i, (i < n)%nat -> path adj (dist i) (x i) (y i)) ->
  tv N (fun o => sum n (fun i => w i * M (x i) o)) (fun o => sum n (fun i => w i * M (y i) o))
  <= sum n (fun i => w i * exact_gap e d (dist i)).
Proof.
  intros He Hs HM Hw Hp.
  exact (coupling_bound (weights_expectation n w Hw) adj e d N M x y dist He Hs HM Hp).
Qed.

(** * The maximal coupling of two populations *)

(** Nonnegative terms of sum 0 are all 0. *)
Lemma sum_zero_inv n f : (forall i, (i < n)%nat -> 0 <= f i) -> sum n f = 0 ->
  forall i, (i < n)%nat -> f i = 0.
Proof.
  induction n as [|n IH]; intros Hf Hs i Hi; [lia|]. simpl in Hs.
  assert (0 <= sum n f).
  { rewrite <- (sum_zero n). apply sum_le; intros; apply Hf; lia. }
  pose proof (Hf n ltac:(lia)). destruct (Nat.eq_dec i n) as [->|Hin]; [lra|].
  apply IH; [intros; apply Hf; lia|lra|lia].
Qed.

Section Maximal.
Variables (m : nat) (P0 P1 : nat -> R).
Hypotheses (H0 : is_dist m P0) (H1 : is_dist m P1).
Let tau := tv m P0 P1.
Let common i := Rmin (P0 i) (P1 i).
Let rest0 i := P0 i - common i.
Let rest1 i := P1 i - common i.

(** Both records are drawn equal from the common part, or else independently
    from what remains of each. *)
Definition coupled (f : nat * nat -> R) : R :=
  sum m (fun i => common i * f (i, i))
  + sum m (fun i => sum m (fun j => rest0 i * rest1 j * f (i, j))) / tau.

Lemma common_mass : sum m common = 1 - tau.
Proof.
  destruct H0 as [_ E0], H1 as [_ E1]. unfold tau, tv.
  enough (2 * sum m common + 1 * sum m (fun i => Rabs (P0 i - P1 i))
          = 1 * sum m P0 + 1 * sum m P1) by lra.
  rewrite <- !sum_lin. apply sum_ext; intros i _. unfold common, Rmin, Rabs.
  destruct Rle_dec, Rcase_abs; lra.
Qed.

Lemma sum_scal n a f : sum n (fun i => a * f i) = a * sum n f.
Proof.
  rewrite <- (Rplus_0_r (a * _)), <- (Rmult_0_l (sum n f)), <- sum_lin.
  apply sum_ext; intros; lra.
Qed.

Lemma rest_mass P : sum m P = 1 -> sum m (fun i => P i - common i) = tau.
Proof.
  intros HP. transitivity (1 * sum m P + -1 * sum m common); [|rewrite common_mass; lra].
  rewrite <- sum_lin. apply sum_ext; intros; lra.
Qed.

(** Division by [tau] is harmless: where [tau = 0] nothing remains. *)
Lemma rest_zero P : (forall i, common i <= P i) -> sum m P = 1 -> tau = 0 ->
  forall i, (i < m)%nat -> P i = common i.
Proof.
  intros Hle HP Ht i Hi. apply Rminus_diag_uniq.
  apply (sum_zero_inv m (fun i => P i - common i)); [|rewrite rest_mass; assumption|exact Hi].
  intros j _; specialize (Hle j); lra.
Qed.

(** So a factor [tau] may be divided out whatever [tau] is. *)
Lemma tau_cancel P g : (forall i, common i <= P i) -> sum m P = 1 ->
  sum m (fun i => tau * ((P i - common i) * g i)) / tau = sum m (fun i => (P i - common i) * g i).
Proof.
  intros Hle HP. rewrite sum_scal. destruct (Req_dec tau 0) as [Ht|Ht].
  - rewrite Ht, Rmult_0_l. unfold Rdiv; rewrite Rmult_0_l, <- (sum_zero m).
    apply sum_ext; intros i Hi. rewrite <- (rest_zero P) by assumption; ring.
  - field; exact Ht.
Qed.

Lemma common_le i : common i <= P0 i /\ common i <= P1 i.
Proof. split; [apply Rmin_l|apply Rmin_r]. Qed.

(** The first record has the law [P0], the second the law [P1]. *)
Lemma coupled_fst g : coupled (fun p => g (fst p)) = sum m (fun i => P0 i * g i).
Proof.
  unfold coupled; cbn [fst].
  rewrite (sum_ext m (fun i => sum m _) (fun i => tau * ((P0 i - common i) * g i))).
  - rewrite (tau_cancel P0 g (fun i => proj1 (common_le i)) (proj2 H0)).
    rewrite <- (Rmult_1_l (sum m _)), <- (Rmult_1_l (sum m (fun i => (P0 i - _) * _))), <- sum_lin.
    apply sum_ext; intros; ring.
  - intros i _. rewrite <- (rest_mass P1 (proj2 H1)), Rmult_comm, <- sum_scal.
    apply sum_ext; intros; unfold rest0, rest1; ring.
Qed.

Lemma coupled_snd g : coupled (fun p => g (snd p)) = sum m (fun i => P1 i * g i).
Proof.
  unfold coupled; cbn [snd]. set (G := sum m (fun j => rest1 j * g j)).
  rewrite (sum_ext m (fun i => sum m _) (fun i => G * rest0 i)).
  - rewrite sum_scal. unfold rest0 at 1. rewrite (rest_mass P0 (proj2 H0)), Rmult_comm.
    unfold G; rewrite <- sum_scal. unfold rest1.
    rewrite (tau_cancel P1 g (fun i => proj2 (common_le i)) (proj2 H1)).
    rewrite <- (Rmult_1_l (sum m _)), <- (Rmult_1_l (sum m (fun i => (P1 i - _) * _))), <- sum_lin.
    apply sum_ext; intros; ring.
  - intros i _. unfold G; rewrite Rmult_comm, <- sum_scal. apply sum_ext; intros; ring.
Qed.

(** Different records are drawn with probability [tau], not more. *)
Lemma coupled_differ a b :
  coupled (fun p => if (fst p =? snd p)%nat then a else b) = (1 - tau) * a + tau * b.
Proof.
  unfold coupled; cbn [fst snd]. f_equal.
  - rewrite <- common_mass, Rmult_comm, <- sum_scal.
    apply sum_ext; intros. rewrite Nat.eqb_refl; ring.
  - rewrite (sum_ext m (fun i => sum m _) (fun i => tau * ((P0 i - common i) * b))).
    + rewrite (tau_cancel P0 (fun _ => b) (fun i => proj1 (common_le i)) (proj2 H0)).
      rewrite <- (rest_mass P0 (proj2 H0)), Rmult_comm, <- sum_scal. apply sum_ext; intros; ring.
    + intros i _. rewrite <- (rest_mass P1 (proj2 H1)), Rmult_comm, <- sum_scal.
      apply sum_ext; intros j _. unfold rest0, rest1.
      destruct (Nat.eqb_spec i j) as [<-|_]; [|ring].
      unfold common, Rmin; destruct Rle_dec; ring.
Qed.

Lemma coupled_expectation : expectation everywhere coupled.
Proof.
  assert (Ht : 0 <= / tau).
  { destruct (tv_pos m P0 P1) as [Hp|Hz].
    - apply Rlt_le, Rinv_0_lt_compat, Hp.
    - unfold tau; rewrite <- Hz, Rinv_0; lra. }
  destruct H0 as [N0 _], H1 as [N1 _]. split.
  - intros f g H. unfold coupled. apply Rplus_le_compat.
    + apply sum_le; intros i Hi. apply Rmult_le_compat_l; [|apply H; exact I].
      apply Rmin_glb; auto.
    + apply Rmult_le_compat_r; [exact Ht|]. apply sum_le; intros i _; apply sum_le; intros j _.
      apply Rmult_le_compat_l; [|apply H; exact I].
      pose proof (common_le i); pose proof (common_le j).
      apply Rmult_le_pos; unfold rest0, rest1; lra.
  - intros a b f g. unfold coupled, Rdiv.
    rewrite (sum_ext m _ (fun i => a * (common i * f (i, i)) + b * (common i * g (i, i))))
      by (intros; ring).
    rewrite (sum_ext m (fun i => sum m _) (fun i =>
      a * sum m (fun j => rest0 i * rest1 j * f (i, j))
      + b * sum m (fun j => rest0 i * rest1 j * g (i, j)))).
    + rewrite !sum_lin; ring.
    + intros i _. rewrite <- sum_lin. apply sum_ext; intros; ring.
  - rewrite (coupled_fst (fun _ => 1)). etransitivity; [|exact (proj2 H0)].
    apply sum_ext; intros; ring.
Qed.
End Maximal.
