(** The extremal learner (theory, Thm 6 and Thm 7): a coin whose bias depends on
    how many records speak for one secret rather than the other.

    Here every definition is a witness, and nothing has to be trusted: the
    theorems of [Population] and [AddRemove] say what the learner is good for. *)

From Coq Require Import Reals Lra Lia Psatz Arith List ZArith.
From Mipriv Require Import Chain Mechanism.
Import ListNotations.
Local Open Scope R_scope.

(** * The least probability, as a function of the number of steps *)

(** Two more steps are one more in each half of the path. *)
Lemma start_two e d k : 1 <= e -> 0 <= d ->
  start e d (S (S k)) = Rmax 0 ((start e d k - d) / e).
Proof.
  intros He Hd. rewrite <- !extremal_start by assumption.
  rewrite !extremal_left, !Nat.sub_0_r by lia. reflexivity.
Qed.

Lemma start_range e d k : 1 <= e -> 0 <= d -> 0 <= start e d k <= / 2.
Proof.
  intros He Hd. rewrite <- extremal_start, extremal_left by (assumption || lia).
  apply (tail_range e d); try assumption. apply middle_range; assumption.
Qed.

Lemma start_zero e d : start e d 0 = / 2.
Proof. unfold start, middle; simpl. rewrite Rmax_right; lra. Qed.

Lemma start_first e d : 1 <= e -> start e d 1 = Rmax 0 ((1 - d) / (1 + e)).
Proof. intros He; unfold start, middle; simpl. f_equal. field; lra. Qed.

(** The least probability falls with every further step. *)
Lemma start_anti e d k : 1 <= e -> 0 <= d -> start e d (S k) <= start e d k.
Proof.
  intros He Hd.
  assert (H1 : start e d 2 <= start e d 1).
  { rewrite start_two, start_zero, start_first by assumption. apply Rmax_lub; [apply Rmax_l|].
    eapply Rle_trans; [|apply Rmax_r]. apply Rmult_le_reg_r with (e * (1 + e)); [nra|].
    replace ((/ 2 - d) / e * (e * (1 + e))) with ((/ 2 - d) * (1 + e)) by (field; lra).
    replace ((1 - d) / (1 + e) * (e * (1 + e))) with ((1 - d) * e) by (field; lra). nra. }
  enough (start e d (S k) <= start e d k /\ start e d (S (S k)) <= start e d (S k)) by tauto.
  induction k as [|k [IH IH']]; (split; [|]); try assumption.
  - rewrite start_zero. apply (start_range e d 1 He Hd).
  - rewrite (start_two e d k), (start_two e d (S k)) by assumption.
    apply Rle_max_compat_l, Rmult_le_compat_r; [apply Rlt_le, Rinv_0_lt_compat|]; lra.
Qed.

Lemma exact_gap_mono e d k : 1 <= e -> 0 <= d -> exact_gap e d k <= exact_gap e d (S k).
Proof. intros He Hd; unfold exact_gap; pose proof (start_anti e d k He Hd); lra. Qed.

(** The probability of output 0 when the statistic is [z]: [start] on the
    negative side, its mirror image on the positive side. *)
Definition bias (e d : R) (z : Z) : R :=
  if (z <=? 0)%Z then start e d (Z.to_nat (- z)) else 1 - start e d (Z.to_nat z).

Lemma bias_neg e d k : bias e d (- Z.of_nat k) = start e d k.
Proof.
  unfold bias. rewrite (proj2 (Z.leb_le _ _)) by lia. f_equal. lia.
Qed.

Lemma bias_pos e d k : bias e d (Z.of_nat k) = 1 - start e d k.
Proof.
  unfold bias. destruct (Z.leb_spec (Z.of_nat k) 0).
  - replace k with O by lia. simpl. rewrite start_zero; lra.
  - do 2 f_equal. lia.
Qed.

Lemma bias_sym e d z : bias e d (- z) = 1 - bias e d z.
Proof.
  destruct (Z.le_gt_cases z 0).
  - replace z with (- Z.of_nat (Z.to_nat (- z)))%Z by lia.
    rewrite Z.opp_involutive, bias_pos, bias_neg; reflexivity.
  - replace z with (Z.of_nat (Z.to_nat z)) by lia. rewrite bias_pos, bias_neg; lra.
Qed.

Section Bias.
Variables (e d : R).
Hypotheses (He : 1 <= e) (Hd : 0 <= d).

Lemma bias_mono z : bias e d z <= bias e d (z + 1).
Proof.
  destruct (Z.le_gt_cases 0 z).
  - replace (z + 1)%Z with (Z.of_nat (S (Z.to_nat z))) by lia.
    replace z with (Z.of_nat (Z.to_nat z)) at 1 by lia.
    rewrite !bias_pos. pose proof (start_anti e d (Z.to_nat z) He Hd); lra.
  - set (k := Z.to_nat (- z - 1)). replace (z + 1)%Z with (- Z.of_nat k)%Z by lia.
    replace z with (- Z.of_nat (S k))%Z by lia. rewrite !bias_neg. apply start_anti; assumption.
Qed.

(** Two steps of the statistic are one step of an extremal path: of the path
    with a middle data set if [z] is even, of the other if [z] is odd. *)
Lemma bias_two z : bias e d (z + 2) <= e * bias e d z + d.
Proof.
  assert (Hs : forall k, start e d k <= e * start e d (S (S k)) + d /\
    1 - start e d (S (S k)) <= e * (1 - start e d k) + d).
  { intros k. rewrite start_two by assumption.
    pose proof (tail_step e d _ He Hd (start_range e d k He Hd)); simpl in *; lra. }
  destruct (Z.lt_trichotomy z (-1)) as [H|[-> |H]].
  - set (k := Z.to_nat (- z - 2)). specialize (Hs k).
    replace (z + 2)%Z with (- Z.of_nat k)%Z by lia.
    replace z with (- Z.of_nat (S (S k)))%Z by lia. rewrite !bias_neg; lra.
  - change (-1 + 2)%Z with (Z.of_nat 1). change (-1)%Z with (- Z.of_nat 1)%Z.
    rewrite bias_neg, bias_pos, start_first by exact He. pose proof (Rmax_r 0 ((1 - d) / (1 + e))).
    assert ((1 - d) / (1 + e) * (1 + e) = 1 - d) by (field; lra). nra.
  - specialize (Hs (Z.to_nat z)). replace (z + 2)%Z with (Z.of_nat (S (S (Z.to_nat z)))) by lia.
    replace z with (Z.of_nat (Z.to_nat z)) at 2 by lia. rewrite !bias_pos; lra.
Qed.

Lemma bias_range z : 0 <= bias e d z <= 1.
Proof.
  unfold bias; destruct (z <=? 0)%Z;
    [pose proof (start_range e d (Z.to_nat (- z)) He Hd)
    |pose proof (start_range e d (Z.to_nat z) He Hd)]; lra.
Qed.

(** A smaller move costs no more than a move by two, for [bias] is monotone. *)
Lemma bias_step a b : (Z.abs (a - b) <= 2)%Z -> bias e d a <= e * bias e d b + d.
Proof.
  intros H. pose proof (bias_range b). destruct (Z.le_gt_cases a b).
  - assert (bias e d a <= bias e d b); [|nra].
    pose proof (bias_mono a); pose proof (bias_mono (a + 1)).
    assert (b = a \/ b = a + 1 \/ b = a + 1 + 1)%Z as [->|[->| ->]] by lia; lra.
  - pose proof (bias_two b) as H2. pose proof (bias_mono (b + 1)) as Hm.
    replace (b + 1 + 1)%Z with (b + 2)%Z in Hm by lia.
    assert (a = b + 1 \/ a = b + 2)%Z as [->| ->] by lia; lra.
Qed.

(** So the coin is (eps, delta)-DP if no edge moves the statistic by over two. *)
Lemma bias_dp a b : (Z.abs (a - b) <= 2)%Z -> dp e d 2 (coin (bias e d a)) (coin (bias e d b)).
Proof.
  intros H. apply coin_dp; try assumption; try apply bias_range.
  - apply bias_step, H.
  - rewrite <- !bias_sym. apply bias_step; lia.
Qed.
End Bias.

(** The lead of the records of score 1 over those of score -1. *)
Definition lead {A : Type} (score : A -> Z) (l : list A) : Z :=
  fold_right (fun r z => score r + z)%Z 0%Z l.

Lemma lead_app {A : Type} (score : A -> Z) a b :
  lead score (a ++ b) = (lead score a + lead score b)%Z.
Proof.
  unfold lead; induction a as [|r a IH]; cbn [fold_right app]; [reflexivity|rewrite IH; lia].
Qed.

Lemma lead_cons {A : Type} (score : A -> Z) r l :
  lead score (r :: l) = (score r + lead score l)%Z.
Proof. reflexivity. Qed.

(** The learner's answer.  [c] is the number of steps that one substitution takes:
    one, or two if records are added and removed. *)
Definition leader {A : Type} (e d : R) (score : A -> Z) (c : nat) (l : list A) : nat -> R :=
  coin (bias e d (Z.of_nat c * lead score l)).

(** It is (eps, delta)-DP if a step changes the lead by at most [2 / c]. *)
Lemma leader_mechanism {A : Type} (adj : list A -> list A -> Prop) e d score c : 1 <= e -> 0 <= d ->
  (forall x y, adj x y -> (Z.of_nat c * Z.abs (lead score x - lead score y) <= 2)%Z) ->
  mechanism (list A) adj e d 2 (leader e d score c).
Proof.
  intros He Hd H. split.
  - intros l. pose proof (bias_range e d He Hd (Z.of_nat c * lead score l)).
    split; [intros [|i] _; simpl; lra|simpl; lra].
  - intros x y Hxy. apply bias_dp; try assumption.
    specialize (H x y Hxy). rewrite <- Z.mul_sub_distr_l, Z.abs_mul. lia.
Qed.
