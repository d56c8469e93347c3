(** Neighbours that differ by one record added or removed (theory, Thm 7).

    A reader has to trust, besides what [Population] names, only [add_remove]
    of [Datasets]. *)

From Coq Require Import Reals Lra Lia Psatz Arith List ZArith.
From Mipriv Require Import Chain Mechanism Datasets Coupling Binomial Leader Population.
Import ListNotations.
Local Open Scope R_scope.

Lemma add_remove_sym A x y : add_remove A x y -> add_remove A y x.
Proof. unfold add_remove; tauto. Qed.

Lemma add_remove_cons A r x y : add_remove A x y -> add_remove A (r :: x) (r :: y).
Proof.
  intros [(a & v & b & -> & ->)|(a & v & b & -> & ->)];
    [left|right]; exists (r :: a), v, b; auto.
Qed.

Lemma adds A v l : add_remove A l (v :: l).
Proof. left; exists [], v, l; auto. Qed.

Lemma removes A v l : add_remove A (v :: l) l.
Proof. apply add_remove_sym, adds. Qed.

(** * Two fixed data sets *)

(** Drop every record of the one, then add every record of the other. *)
Lemma add_remove_path A (x y : list A) : path (add_remove A) (length x + length y) x y.
Proof.
  induction x as [|u x IH]; cbn [length Nat.add].
  - induction y as [|v y IH]; cbn [length]; [constructor|].
    eapply path_step; [apply (adds A v)|].
    apply (path_map (add_remove A) (add_remove A) (cons v)); [apply add_remove_cons|exact IH].
  - eapply path_step; [apply removes|exact IH].
Qed.

(** Thm 7, upper half: [n] records replaced are [2 n] steps. *)
Theorem add_remove_bound (A : Type) e d N M n (x y : list A) : 1 <= e ->
  mechanism (list A) (add_remove A) e d N M -> length x = n -> length y = n ->
  tv N (M x) (M y) <= exact_gap e d (2 * n).
Proof.
  intros He HM Hx Hy. pose proof (add_remove_path A x y) as Hp. rewrite Hx, Hy in Hp.
  replace (n + n)%nat with (2 * n)%nat in Hp by lia.
  destruct (path_walk _ _ _ _ Hp) as (w & <- & <- & Hw).
  apply (tv_bound (list A) (add_remove A)); try assumption. apply add_remove_sym.
Qed.

(** Set bits against clear ones: one step moves the lead by one. *)
Definition bit_score (b : bool) : Z := if b then 1 else -1.

(** Thm 7, lower half: one learner is worst for every [n]. *)
Theorem add_remove_attained e d : 1 <= e -> 0 <= d ->
  exists M, mechanism (list bool) (add_remove bool) e d 2 M /\
  forall n, tv 2 (M (repeat false n)) (M (repeat true n)) = exact_gap e d (2 * n).
Proof.
  intros He Hd.
  exists (leader e d bit_score 2); split.
  - apply leader_mechanism; try assumption. intros x y Hxy.
    destruct Hxy as [(a & v & b & -> & ->)|(a & v & b & -> & ->)];
      rewrite !lead_app, ?lead_cons; destruct v; cbn [bit_score]; lia.
  - intros n.
    assert (Hl : forall b, lead bit_score (repeat b n) = (bit_score b * Z.of_nat n)%Z).
    { intros b; unfold lead. induction n as [|n IH]; cbn [repeat fold_right]; [|rewrite IH]; lia. }
    unfold leader. rewrite !Hl. cbn [bit_score].
    replace (Z.of_nat 2 * (-1 * Z.of_nat n))%Z with (- Z.of_nat (2 * n))%Z by lia.
    replace (Z.of_nat 2 * (1 * Z.of_nat n))%Z with (Z.of_nat (2 * n)) by lia.
    rewrite bias_neg, bias_pos. pose proof (start_range e d (2 * n) He Hd).
    unfold tv, exact_gap; cbn [sum coin]. set (s := start e d (2 * n)) in *.
    unfold Rabs; do 2 destruct Rcase_abs; lra.
Qed.

(** Thm 7: [exact_gap] at [2 n] is the largest distance between the outputs at
    two data sets of [n] records. *)
Theorem add_remove_max e d n : 1 <= e -> 0 <= d ->
  (forall (A : Type) N M (x y : list A), mechanism (list A) (add_remove A) e d N M ->
   length x = n -> length y = n -> tv N (M x) (M y) <= exact_gap e d (2 * n)) /\
  (exists M (x y : list bool), mechanism (list bool) (add_remove bool) e d 2 M /\
   length x = n /\ length y = n /\ tv 2 (M x) (M y) = exact_gap e d (2 * n)).
Proof.
  intros He Hd; split; [intros; apply (add_remove_bound A); assumption|].
  destruct (add_remove_attained e d He Hd) as (M & HM & HE).
  exists M, (repeat false n), (repeat true n). rewrite !repeat_length; auto.
Qed.

(** * Populations *)

(** Every record that differs is dropped, then replaced. *)
Lemma sample_path A (x : nat -> A) ps :
  path (add_remove A) (2 * differ ps) (left_sample x ps) (right_sample x ps).
Proof.
  induction ps as [|[i j] ps IH]; [constructor|].
  change (left_sample x ((i, j) :: ps)) with (x i :: left_sample x ps).
  change (right_sample x ((i, j) :: ps)) with (x j :: right_sample x ps).
  cbn [differ fst snd]. destruct (Nat.eqb_spec i j) as [<-|_].
  - eapply path_map; [apply add_remove_cons|exact IH].
  - replace (2 * S (differ ps))%nat with (S (S (2 * differ ps))) by lia.
    eapply path_step; [apply removes|]. eapply path_step; [apply (adds A (x j))|].
    eapply path_map; [apply add_remove_cons|exact IH].
Qed.

(** Thm 7 with Thm 6, upper half: populations at distance at most [tau]. *)
Theorem add_remove_population_bound (A : Type) e d tau N M n m (x : nat -> A) P0 P1 :
  1 <= e -> 0 <= d -> is_dist m P0 -> is_dist m P1 -> tv m P0 P1 <= tau -> tau <= 1 ->
  mechanism (list A) (add_remove A) e d N M ->
  tv N (output (population m P0 x) n M) (output (population m P1 x) n M)
  <= bin_mean tau n (fun k => exact_gap e d (2 * k)).
Proof.
  intros He Hd H0 H1 Ht Ht1 HM.
  eapply Rle_trans; [apply (sample_bound (add_remove A) 2 e d N M); try assumption|].
  - apply add_remove_sym.
  - apply sample_path.
  - apply bin_mean_mono; try assumption; [apply tv_pos|]. intros k.
    replace (2 * S k)%nat with (S (S (2 * k))) by lia.
    eapply Rle_trans; apply exact_gap_mono; assumption.
Qed.

(** The same learner attains this for every [tau] and [n]. *)
Theorem add_remove_population_attained e d : 1 <= e -> 0 <= d ->
  exists M, mechanism (list nat) (add_remove nat) e d 2 M /\
  forall tau n, 0 <= tau <= 1 ->
  tv 2 (output (population 3 (spiked tau 0) (fun i => i)) n M)
       (output (population 3 (spiked tau 1) (fun i => i)) n M)
  = bin_mean tau n (fun k => exact_gap e d (2 * k)).
Proof.
  intros He Hd. exists (leader e d symbol_score 2); split.
  - apply leader_mechanism; try assumption.
    intros x y [(a & v & b & -> & ->)|(a & v & b & -> & ->)];
      rewrite !lead_app, ?lead_cons; pose proof (symbol_score_range v); lia.
  - intros tau n Ht. apply leader_tv; assumption.
Qed.

(** Thm 7 with Thm 6: the mean of [exact_gap] at [2 K] is the largest loss. *)
Theorem add_remove_population_max e d tau n : 1 <= e -> 0 <= d -> 0 <= tau <= 1 ->
  losses add_remove e d tau n (bin_mean tau n (fun k => exact_gap e d (2 * k))) /\
  forall v, losses add_remove e d tau n v -> v <= bin_mean tau n (fun k => exact_gap e d (2 * k)).
Proof.
  intros He Hd Ht; split.
  - destruct (add_remove_population_attained e d He Hd) as (M & HM & HE).
    apply spiked_losses with M; auto.
  - intros v (A & m & x & P0 & P1 & N & M & _ & H0 & H1 & HT & HM & ->).
    apply (add_remove_population_bound A e d tau); try assumption; lra.
Qed.
