(** Data sets drawn from populations (theory, Thm 6, and Thm 2 in its game form).

    A reader has to trust, besides [Chain] and [Mechanism]: [substitution],
    [population], [mean], [output], [losses] and [bin_mean], which [bin_mean_C]
    shows to be the mean under the binomial law. *)

From Coq Require Import Reals Lra Lia Psatz Arith List ZArith.
From Mipriv Require Import Chain Mechanism Coupling Binomial Leader.
Import ListNotations.
Local Open Scope R_scope.

(** * Populations and samples *)

(** Record [x i] with probability [P i], [i < m]; the mean of [f] over it. *)
Definition population {A : Type} (m : nat) (P : nat -> R) (x : nat -> A) (f : A -> R) : R :=
  sum m (fun i => P i * f (x i)).

(** The mean of [F] over [n] independent draws from [E]. *)
Fixpoint mean {A : Type} (E : (A -> R) -> R) (n : nat) (F : list A -> R) : R :=
  match n with O => F [] | S k => E (fun r => mean E k (fun l => F (r :: l))) end.

(** The law of the output of [M] on [n] independent draws from [E]. *)
Definition output {A : Type} (E : (A -> R) -> R) (n : nat) (M : list A -> nat -> R) (o : nat) : R :=
  mean E n (fun l => M l o).

Lemma mean_expectation {A : Type} (E : (A -> R) -> R) n :
  expectation everywhere E -> expectation everywhere (mean E n).
Proof.
  intros HE; induction n as [|n IH]; simpl.
  - split; [intros f g H; apply H; exact I| |]; auto.
  - split.
    + intros f g H; apply (E_le _ _ HE); intros r _.
      apply (E_le _ _ IH); intros l _. apply H; exact I.
    + intros a b f g. rewrite <- (E_lin _ _ HE). apply (E_ext HE); intros r _.
      apply (E_lin _ _ IH a b (fun l => f (r :: l)) (fun l => g (r :: l))).
    + etransitivity; [|exact (E_one _ _ HE)]. apply (E_ext HE); intros r _. apply (E_one _ _ IH).
Qed.

(** The draws of a function of the record are the function of the draws. *)
Lemma mean_map {A B : Type} (E : (A -> R) -> R) (E' : (B -> R) -> R) (h : A -> B) n :
  expectation everywhere E -> (forall g, E (fun a => g (h a)) = E' g) ->
  forall F, mean E n (fun l => F (map h l)) = mean E' n F.
Proof.
  intros HE H; induction n as [|n IH]; intros F; simpl; [reflexivity|].
  rewrite <- H. apply (E_ext HE); intros r _. apply (IH (fun l => F (h r :: l))).
Qed.

(** * The upper bound *)

(** Neighbours differ in the value of one record. *)
Definition substitution (A : Type) (x y : list A) : Prop :=
  exists a u v b, x = a ++ u :: b /\ y = a ++ v :: b.

Lemma substitution_sym A x y : substitution A x y -> substitution A y x.
Proof. intros (a & u & v & b & -> & ->); exists a, v, u, b; auto. Qed.

Lemma substitution_head A u v l : substitution A (u :: l) (v :: l).
Proof. exists [], u, v, l; auto. Qed.

Lemma substitution_cons A r x y : substitution A x y -> substitution A (r :: x) (r :: y).
Proof. intros (a & u & v & b & -> & ->); exists (r :: a), u, v, b; auto. Qed.

(** The number of places where two samples, drawn side by side, differ. *)
Fixpoint differ (ps : list (nat * nat)) : nat :=
  match ps with
  | [] => O
  | p :: qs => if (fst p =? snd p)%nat then differ qs else S (differ qs)
  end.

(** The two data sets that a list of pairs of indices draws. *)
Definition left_sample {A : Type} (x : nat -> A) := map (fun p : nat * nat => x (fst p)).
Definition right_sample {A : Type} (x : nat -> A) := map (fun p : nat * nat => x (snd p)).

Lemma substitution_path {A : Type} (x : nat -> A) ps :
  path (substitution A) (differ ps) (left_sample x ps) (right_sample x ps).
Proof.
  induction ps as [|[i j] ps IH]; cbn; [constructor|].
  destruct (Nat.eqb_spec i j) as [<-|_]; [|eapply path_step; [apply substitution_head|]];
    (eapply path_map; [apply substitution_cons|exact IH]).
Qed.

(** The number of places where the coupled samples differ is binomial. *)
Lemma mean_differ m P0 P1 n F : is_dist m P0 -> is_dist m P1 ->
  mean (coupled m P0 P1) n (fun ps => F (differ ps)) = bin_mean (tv m P0 P1) n F.
Proof.
  intros H0 H1; revert F; induction n as [|n IH]; intros F; cbn [mean bin_mean]; [reflexivity|].
  rewrite <- (coupled_differ m P0 P1 H0 H1).
  apply (E_ext (coupled_expectation m P0 P1 H0 H1)); intros p _. cbn [differ].
  destruct (fst p =? snd p)%nat; [apply IH|apply (IH (fun k => F (S k)))].
Qed.

(** For any adjacency: if two samples that differ in [k] places are joined by a
    path of [c * k] steps, the bound is the mean of [exact_gap] at [c * K]. *)
Theorem sample_bound {A : Type} (adj : list A -> list A -> Prop) (c : nat) e d N M n m x P0 P1 :
  1 <= e -> (forall u v, adj u v -> adj v u) ->
  (forall ps, path adj (c * differ ps) (left_sample x ps) (right_sample x ps)) ->
  is_dist m P0 -> is_dist m P1 -> mechanism (list A) adj e d N M ->
  tv N (output (population m P0 x) n M) (output (population m P1 x) n M)
  <= bin_mean (tv m P0 P1) n (fun k => exact_gap e d (c * k)).
Proof.
  intros He Hsym Hpath H0 H1 HM. pose proof (coupled_expectation m P0 P1 H0 H1) as HE.
  rewrite <- (mean_differ m P0 P1 n (fun k => exact_gap e d (c * k)) H0 H1).
  eapply Rle_trans; [|apply (coupling_bound (mean_expectation _ n HE) adj e d N M
    (left_sample x) (right_sample x) (fun ps => c * differ ps)%nat); auto].
  apply Req_le. unfold tv, output. f_equal. apply sum_ext; intros o _. do 2 f_equal; symmetry.
  - apply (mean_map _ (population m P0 x) (fun p => x (fst p)) n HE
      (fun g => coupled_fst m P0 P1 H0 H1 (fun i => g (x i))) (fun l => M l o)).
  - f_equal. apply (mean_map _ (population m P1 x) (fun p => x (snd p)) n HE
      (fun g => coupled_snd m P0 P1 H0 H1 (fun i => g (x i))) (fun l => M l o)).
Qed.

(** * The extremal populations *)

(** Symbol 2 is common to both populations, with mass [1 - tau]; the rest lies
    on a symbol of their own, 0 or 1. *)
Definition spiked (tau : R) (own i : nat) : R :=
  if (i =? own)%nat then tau else if (i =? 2)%nat then 1 - tau else 0.

(** What a record adds to the lead. *)
Definition symbol_score (r : nat) : Z := match r with O => -1 | 1%nat => 1 | _ => 0 end.

Lemma spiked_dist tau own : 0 <= tau <= 1 -> (own < 2)%nat -> is_dist 3 (spiked tau own).
Proof.
  intros Ht Ho. destruct own as [|[|own]]; [| |lia]; unfold spiked; split; simpl; try lra;
    intros [|[|[|i]]] _; simpl; lra.
Qed.

Lemma spiked_tv tau : 0 <= tau -> tv 3 (spiked tau 0) (spiked tau 1) = tau.
Proof.
  intros Ht. unfold tv, spiked; simpl.
  rewrite (Rabs_pos_eq (tau - 0)), (Rabs_left1 (0 - tau)) by lra.
  replace (1 - tau - (1 - tau)) with 0 by ring. rewrite Rabs_R0; lra.
Qed.

(** Under a spiked population the lead is binomial, up to its sign. *)
Lemma mean_spiked tau own n g : (own < 2)%nat ->
  mean (population 3 (spiked tau own) (fun i => i)) n (fun l => g (lead symbol_score l))
  = bin_mean tau n (fun k => g (symbol_score own * Z.of_nat k)%Z).
Proof.
  intros Ho; revert g; induction n as [|n IH]; intros g; cbn [mean bin_mean].
  - rewrite Z.mul_0_r; reflexivity.
  - unfold population at 1. cbn [sum]. set (E := mean _ n) in *.
    pose proof (IH g) as H2. pose proof (IH (fun z => g (symbol_score own + z)%Z)) as Hown.
    unfold lead in *; cbn [fold_right].
    rewrite (bin_mean_ext tau n (fun k => g (symbol_score own + _)%Z)
      (fun k => g (symbol_score own * Z.of_nat (S k))%Z)) in Hown by (intros; f_equal; lia).
    destruct own as [|[|own]]; [| |lia]; unfold spiked; cbn in *; rewrite <- Hown, <- H2; ring.
Qed.

(** The two outputs are mirror images, and each has the mean of [start]. *)
Lemma leader_tv e d tau n c : 1 <= e -> 0 <= d -> 0 <= tau <= 1 ->
  tv 2 (output (population 3 (spiked tau 0) (fun i => i)) n (leader e d symbol_score c))
       (output (population 3 (spiked tau 1) (fun i => i)) n (leader e d symbol_score c))
  = bin_mean tau n (fun k => exact_gap e d (c * k)).
Proof.
  intros He Hd Ht. set (s := fun k => start e d (c * k)).
  assert (Hs : 0 <= bin_mean tau n s <= / 2).
  { pose proof (fun k => start_range e d (c * k) He Hd).
    rewrite <- (bin_mean_const tau n 0), <- (bin_mean_const tau n (/ 2)).
    split; apply bin_mean_le; try assumption; intros; apply H. }
  assert (B0 : forall k, bias e d (Z.of_nat c * (symbol_score 0 * Z.of_nat k)) = s k).
  { intros k; unfold s; rewrite <- bias_neg; f_equal; cbn [symbol_score]; lia. }
  assert (B1 : forall k, bias e d (Z.of_nat c * (symbol_score 1 * Z.of_nat k)) = 1 - s k).
  { intros k; unfold s; rewrite <- bias_pos; f_equal; cbn [symbol_score]; lia. }
  unfold tv, output, leader. cbn [sum coin].
  rewrite !(mean_spiked tau _ n (fun z => bias e d (Z.of_nat c * z))) by lia.
  rewrite !(mean_spiked tau _ n (fun z => 1 - bias e d (Z.of_nat c * z))) by lia. cbn beta.
  rewrite (bin_mean_ext tau n _ _ B0), (bin_mean_ext tau n _ _ B1).
  rewrite (bin_mean_ext tau n _ _ (fun k => f_equal (Rminus 1) (B0 k))).
  rewrite (bin_mean_ext tau n _ _ (fun k => f_equal (Rminus 1) (B1 k))).
  rewrite (bin_mean_ext tau n (fun k => 1 - (1 - s k)) s) by (intros; ring).
  rewrite (bin_mean_ext tau n (fun k => 1 - s k) (fun k => 1 * 1 + -1 * s k)) by (intros; ring).
  rewrite (bin_mean_ext tau n (fun k => exact_gap e d _) (fun k => 1 * 1 + -2 * s k))
    by (intros; unfold exact_gap, s; ring).
  rewrite !bin_mean_lin, bin_mean_const. set (a := bin_mean tau n s) in *.
  unfold Rabs; do 2 destruct Rcase_abs; lra.
Qed.

Lemma symbol_score_range r : (-1 <= symbol_score r <= 1)%Z.
Proof. destruct r as [|[|r]]; cbn; lia. Qed.

(** * The theorems *)

(** [v] is the distance between the outputs of some learner under two
    populations at distance [tau], on data sets of [n] independent records.
    [adj A] says which data sets of records of type [A] are neighbours. *)
Definition losses (adj : forall A, list A -> list A -> Prop)
    (e d tau : R) (n : nat) (v : R) : Prop :=
  exists (A : Type) (m : nat) (x : nat -> A) (P0 P1 : nat -> R) (N : nat) (M : list A -> nat -> R),
    (forall i j, (i < m)%nat -> (j < m)%nat -> x i = x j -> i = j) /\
    is_dist m P0 /\ is_dist m P1 /\ tv m P0 P1 = tau /\ mechanism (list A) (adj A) e d N M /\
    v = tv N (output (population m P0 x) n M) (output (population m P1 x) n M).

Lemma spiked_losses (adj : forall A, list A -> list A -> Prop) e d tau n v M :
  0 <= tau <= 1 -> mechanism (list nat) (adj nat) e d 2 M ->
  tv 2 (output (population 3 (spiked tau 0) (fun i => i)) n M)
       (output (population 3 (spiked tau 1) (fun i => i)) n M) = v ->
  losses adj e d tau n v.
Proof.
  intros Ht HM HE.
  exists nat, 3%nat, (fun i => i), (spiked tau 0), (spiked tau 1), 2%nat, M.
  split; [auto|]. do 2 (split; [apply spiked_dist; [exact Ht|lia]|]).
  split; [exact (spiked_tv tau (proj1 Ht))|]. auto.
Qed.

(** Thm 6, upper half: populations at distance at most [tau]. *)
Theorem population_bound (A : Type) e d tau N M n m (x : nat -> A) P0 P1 : 1 <= e -> 0 <= d ->
  is_dist m P0 -> is_dist m P1 -> tv m P0 P1 <= tau -> tau <= 1 ->
  mechanism (list A) (substitution A) e d N M ->
  tv N (output (population m P0 x) n M) (output (population m P1 x) n M)
  <= bin_mean tau n (exact_gap e d).
Proof.
  intros He Hd H0 H1 Ht Ht1 HM.
  eapply Rle_trans; [apply (sample_bound (substitution A) 1 e d N M); try assumption|].
  - apply substitution_sym.
  - intros ps. rewrite Nat.mul_1_l. apply substitution_path.
  - rewrite (bin_mean_ext _ n _ (exact_gap e d)) by (intros; rewrite Nat.mul_1_l; reflexivity).
    apply bin_mean_mono; try assumption; [apply tv_pos|].
    intros; apply exact_gap_mono; assumption.
Qed.

(** Thm 6, lower half: one learner is worst for every [tau] and [n]. *)
Theorem population_attained e d : 1 <= e -> 0 <= d ->
  exists M, mechanism (list nat) (substitution nat) e d 2 M /\
  forall tau n, 0 <= tau <= 1 ->
  tv 2 (output (population 3 (spiked tau 0) (fun i => i)) n M)
       (output (population 3 (spiked tau 1) (fun i => i)) n M) = bin_mean tau n (exact_gap e d).
Proof.
  intros He Hd. exists (leader e d symbol_score 1); split.
  - apply leader_mechanism; try assumption. intros x y (a & u & v & b & -> & ->).
    rewrite !lead_app, !lead_cons.
    pose proof (symbol_score_range u); pose proof (symbol_score_range v). lia.
  - intros tau n Ht. rewrite leader_tv by assumption.
    apply bin_mean_ext; intros; rewrite Nat.mul_1_l; reflexivity.
Qed.

(** Thm 6: the mean of [exact_gap] is the largest loss. *)
Theorem population_max e d tau n : 1 <= e -> 0 <= d -> 0 <= tau <= 1 ->
  losses substitution e d tau n (bin_mean tau n (exact_gap e d)) /\
  forall v, losses substitution e d tau n v -> v <= bin_mean tau n (exact_gap e d).
Proof.
  intros He Hd Ht; split.
  - destruct (population_attained e d He Hd) as (M & HM & HE).
    apply spiked_losses with M; auto.
  - intros v (A & m & x & P0 & P1 & N & M & _ & H0 & H1 & HT & HM & ->).
    apply (population_bound A e d tau); try assumption; lra.
Qed.

(** Thm 2, in its game form: any two populations at all. *)
Theorem learner_bound (A : Type) e d N M n m (x : nat -> A) P0 P1 : 1 <= e -> 0 <= d ->
  is_dist m P0 -> is_dist m P1 -> mechanism (list A) (substitution A) e d N M ->
  tv N (output (population m P0 x) n M) (output (population m P1 x) n M) <= exact_gap e d n.
Proof.
  intros He Hd H0 H1 HM. rewrite <- (bin_mean_sure n (exact_gap e d)).
  apply (population_bound A e d 1); try assumption; [|lra]. apply tv_le1; assumption.
Qed.
