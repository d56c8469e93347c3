(** One of [K] equiprobable secrets decides from which population the records are
    drawn (theory, Thm 9): the upper bounds for each usual kind of adjacency, and
    the exact bound if records are added or removed.

    A reader has to trust, besides what [Secrets], [Datasets] and [Population]
    name, only [weight], [least_weight], [secrets_pure] and [successes]. *)

From Coq Require Import Reals Lra Lia Psatz Arith List.
From Mipriv Require Import Chain Mechanism Datasets Coupling Population AddRemove Secrets.
Import ListNotations.
Local Open Scope R_scope.

(** * The upper bound at [delta = 0] *)

(** The wrong guesses, [1 - success], are at least [INR K - 1] over any weight. *)
Definition weight (e : R) (K n j : nat) : R := e ^ j + (INR K - 1) * e ^ (n - j).
Fixpoint least_weight (e : R) (K n j : nat) : R :=
  match j with
  | O => weight e K n O
  | S i => Rmin (least_weight e K n i) (weight e K n (S i))
  end.
Definition secrets_pure (e : R) (K n : nat) : R := 1 - (INR K - 1) / least_weight e K n n.

Lemma weight_pos e K n j : 1 <= e -> (0 < K)%nat -> 1 <= weight e K n j.
Proof.
  intros He HK. apply (le_INR 1) in HK; simpl in HK. unfold weight.
  pose proof (pow_ge1 e j He). pose proof (pow_ge1 e (n - j) He). nra.
Qed.

Lemma least_weight_one e K n j : exists i, (i <= j)%nat /\ least_weight e K n j = weight e K n i.
Proof.
  induction j as [|j (i & Hi & H)]; [exists O; auto|]. simpl. unfold Rmin; destruct Rle_dec.
  - exists i; auto.
  - exists (S j); auto.
Qed.

Lemma least_weight_le e K n j i : (i <= j)%nat -> least_weight e K n j <= weight e K n i.
Proof.
  induction j as [|j IH]; intros Hi; [replace i with O by lia; apply Rle_refl|]. simpl.
  destruct (Nat.eq_dec i (S j)) as [->|]; [apply Rmin_r|].
  eapply Rle_trans; [apply Rmin_l|apply IH; lia].
Qed.

(** Thm 9, replace-one or any other graph, [delta = 0], upper half. *)
Theorem secrets_pure_line {X : Type} (adj : X -> X -> Prop) e K N n M G E on j :
  1 <= e -> (0 < K)%nat -> (forall x y, adj x y -> adj y x) ->
  mechanism X adj e 0 N M -> guess N K G ->
  (forall k, (k < K)%nat -> expectation (on k) (E k)) ->
  (forall k l x y, (k < K)%nat -> (l < K)%nat -> k <> l -> on k x -> on l y -> path adj n y x) ->
  (j <= n)%nat -> success N K E M G <= 1 - (INR K - 1) / weight e K n j.
Proof.
  intros He HK Hsym HM HG HE Hpath Hj.
  pose proof (weight_pos e K n j He HK) as Hw. pose proof (pow_ge1 e (n - j) He) as Hi.
  assert (H : (INR K - 1) * success N K E M G <= e ^ j / e ^ (n - j) * (1 - success N K E M G)
    + (INR K - 1) * (1 - / e ^ (n - j))).
  { apply (line_bound adj e 0 K N n M G He (Rle_refl 0) HK Hsym HM HG E on HE Hpath).
    intros a Ha. apply Rmult_le_reg_l with (e ^ (n - j)); [lra|].
    replace (e ^ (n - j) * (e ^ j / e ^ (n - j) * a + (1 - / e ^ (n - j))))
      with (e ^ j * a + e ^ (n - j) - 1) by (field; lra).
    pose proof (grown_pure e n j a He Hj Ha). lra. }
  set (q := success N K E M G) in *.
  apply (Rmult_le_compat_l (e ^ (n - j))) in H; [|lra].
  replace (e ^ (n - j) * (e ^ j / e ^ (n - j) * (1 - q) + (INR K - 1) * (1 - / e ^ (n - j))))
    with (e ^ j * (1 - q) + (INR K - 1) * (e ^ (n - j) - 1)) in H by (field; lra).
  enough ((INR K - 1) / weight e K n j <= 1 - q) by lra.
  apply Rmult_le_reg_r with (weight e K n j); [lra|].
  unfold Rdiv; rewrite Rmult_assoc, Rinv_l by lra. unfold weight. lra.
Qed.

Theorem secrets_pure_bound {X : Type} (adj : X -> X -> Prop) e K N n M G E on :
  1 <= e -> (0 < K)%nat -> (forall x y, adj x y -> adj y x) ->
  mechanism X adj e 0 N M -> guess N K G ->
  (forall k, (k < K)%nat -> expectation (on k) (E k)) ->
  (forall k l x y, (k < K)%nat -> (l < K)%nat -> k <> l -> on k x -> on l y -> path adj n y x) ->
  success N K E M G <= secrets_pure e K n.
Proof.
  intros He HK Hsym HM HG HE Hpath. unfold secrets_pure.
  destruct (least_weight_one e K n n) as (j & Hj & ->).
  apply (secrets_pure_line adj e K N n M G E on); assumption.
Qed.

(** * Data sets drawn from populations *)

(** [v] is the success of some attacker against some learner that sees [n] records
    from the population [P k] when the secret is [k]. *)
Definition successes (adj : forall A, list A -> list A -> Prop)
    (e d : R) (K n : nat) (v : R) : Prop :=
  exists (A : Type) (m : nat) (r : nat -> A) (P : nat -> nat -> R)
         (N : nat) (M : list A -> nat -> R) (G : nat -> nat -> R),
    (forall k, (k < K)%nat -> is_dist m (P k)) /\ mechanism (list A) (adj A) e d N M /\
    guess N K G /\ v = success N K (fun k => mean (population m (P k) r) n) M G.

Lemma population_expectation {A : Type} m P (r : nat -> A) : is_dist m P ->
  expectation everywhere (population m P r).
Proof.
  intros HP. pose proof (weights_expectation m P HP) as H. unfold population. split.
  - intros f g Hfg. apply (E_le _ _ H); intros i _. apply Hfg; exact I.
  - intros a b f g. apply (E_lin _ _ H).
  - apply (E_one _ _ H).
Qed.

Lemma mean_length {A : Type} (E : (A -> R) -> R) n : expectation everywhere E ->
  expectation (fun l => length l = n) (mean E n).
Proof.
  intros HE. pose proof (mean_expectation E n HE) as H.
  split; [|apply (E_lin _ _ H)|apply (E_one _ _ H)].
  clear H. induction n as [|n IH]; intros f g Hfg; cbn [mean]; [apply Hfg; reflexivity|].
  apply (E_le _ _ HE); intros a _. apply IH; intros l Hl. apply Hfg; simpl; rewrite Hl; reflexivity.
Qed.

(** All records equal to [r k]. *)
Definition point (k i : nat) : R := if (i =? k)%nat then 1 else 0.

Lemma point_dist K k : (k < K)%nat -> is_dist K (point k).
Proof.
  intros Hk; split; [intros i _; unfold point; destruct (i =? k)%nat; lra|].
  rewrite (sum_spot K k) by exact Hk. unfold point. rewrite Nat.eqb_refl.
  rewrite (sum_ext K _ (fun _ => 0)), sum_zero; [lra|]. intros l _.
  destruct (l =? k)%nat; reflexivity.
Qed.

Lemma mean_point K k n F : (k < K)%nat ->
  mean (population K (point k) (fun i => i)) n F = F (repeat k n).
Proof.
  intros Hk; revert F; induction n as [|n IH]; intros F; cbn [mean repeat]; [reflexivity|].
  unfold population at 1. rewrite (sum_spot K k) by exact Hk. unfold point at 1.
  rewrite Nat.eqb_refl, IH, (sum_ext K _ (fun _ => 0)), sum_zero; [ring|].
  intros l _. unfold point. destruct (l =? k)%nat; ring.
Qed.

(** A mechanism that itself names a secret, right with probability [v]. *)
Lemma point_successes (adj : forall A, list A -> list A -> Prop) e d K n v M : (0 < K)%nat ->
  mechanism (list nat) (adj nat) e d K M ->
  (forall k, (k < K)%nat -> M (repeat k n) k = v) -> successes adj e d K n v.
Proof.
  intros HK HM Hv. exists nat, K, (fun i => i), point, K, M, point.
  split; [intros; apply point_dist; assumption|]. split; [exact HM|].
  split; [intros o Ho; apply point_dist; exact Ho|]. unfold success.
  rewrite (sum_ext K _ (fun _ => v)), sum_const; [field; apply not_0_INR; lia|].
  intros k Hk. rewrite mean_point by exact Hk. unfold named.
  rewrite (sum_spot K k), Hv by exact Hk. unfold point at 1. rewrite Nat.eqb_refl.
  rewrite (sum_ext K _ (fun _ => 0)), sum_zero; [ring|].
  intros o _. unfold point. rewrite (Nat.eqb_sym k o). destruct (o =? k)%nat; ring.
Qed.

(** ** Replace-one *)

Lemma substitution_walk A n (x y : list A) : length x = n -> length y = n ->
  path (substitution A) n x y.
Proof.
  revert x y; induction n as [|n IH]; intros [|u x] [|v y] Hx Hy; try discriminate; [constructor|].
  eapply path_step; [apply (substitution_head A u v)|].
  apply (path_map (substitution A)); [apply substitution_cons|]. apply IH; auto.
Qed.

Theorem substitution_secrets_pure e K n v : 1 <= e -> (0 < K)%nat ->
  successes substitution e 0 K n v -> v <= secrets_pure e K n.
Proof.
  intros He HK (A & m & r & P & N & M & G & HP & HM & HG & ->).
  apply (secrets_pure_bound (substitution A) e K N n M G _ (fun _ l => length l = n)); auto.
  - apply substitution_sym.
  - intros k Hk. apply mean_length, population_expectation, HP, Hk.
  - intros k l x y _ _ _ Hx Hy. apply substitution_walk; assumption.
Qed.

Theorem substitution_secrets e d K n v a : 1 <= e -> 0 <= d -> (2 <= K)%nat ->
  1 - grown e d n a = (INR K - 1) * a ->
  successes substitution e d K n v -> v <= 1 - (INR K - 1) * a.
Proof.
  intros He Hd HK Ha (A & m & r & P & N & M & G & HP & HM & HG & ->).
  apply (secrets_bound (substitution A) e d K N n M G) with (on := fun _ l => length l = n); auto.
  - lia.
  - apply substitution_sym.
  - intros k Hk. apply mean_length, population_expectation, HP, Hk.
  - intros k l x y _ _ _ Hx Hy. apply substitution_walk; assumption.
Qed.

(** ** Add-remove: every data set is [n] steps from the empty one *)

Theorem add_remove_secrets e d K n v : 1 <= e -> 0 <= d -> (0 < K)%nat ->
  successes add_remove e d K n v -> v <= grown e d n (/ INR K).
Proof.
  intros He Hd HK (A & m & r & P & N & M & G & HP & HM & HG & ->).
  apply (secrets_star_bound (add_remove A) e d K N n M G) with (on := fun _ l => length l = n) (z
    := []);
    auto.
  - apply add_remove_sym.
  - intros k Hk. apply mean_length, population_expectation, HP, Hk.
  - intros k x _ <-. apply (add_remove_path A []).
Qed.
