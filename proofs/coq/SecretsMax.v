(** The exact success for [K] secrets if records are replaced and [delta = 0]
    (theory, Thm 9).  A reader has to trust what [SecretsBound] names, no more. *)

From Coq Require Import Reals Lra Lia Psatz Arith List.
From Mipriv Require Import Chain ClosedForms Mechanism Datasets Coupling Population Secrets.
From Mipriv Require Import SecretsBound SecretsAddRemove SecretsNear SecretsKeep SecretsReplace.
Import ListNotations.
Local Open Scope R_scope.

(** * Three secrets or more *)

(** Climb from the middle until [e^(t+1)], [t = 2 j - n], reaches [K - 1]. *)
Lemma best_exists e K n : (3 <= K)%nat -> exists j, (j <= n)%nat /\ (n <= 2 * j)%nat /\
  ((j < n)%nat -> INR K - 1 <= e ^ S (2 * j - n)) /\
  (forall i, (2 * j - n)%nat = S i -> e ^ i <= INR K - 1).
Proof.
  intros HK. pose proof (three K HK).
  assert (H0 : forall m j, (n - j = m)%nat -> (j <= n)%nat -> (n <= 2 * j)%nat ->
    (forall i, (2 * j - n)%nat = S i -> e ^ i <= INR K - 1) ->
    exists j, (j <= n)%nat /\ (n <= 2 * j)%nat /\
      ((j < n)%nat -> INR K - 1 <= e ^ S (2 * j - n)) /\
      (forall i, (2 * j - n)%nat = S i -> e ^ i <= INR K - 1)).
  { induction m as [|m IH]; intros j Hm Hj Hn Hi.
    - exists j. repeat split; auto; lia.
    - destruct (Rle_lt_dec (INR K - 1) (e ^ S (2 * j - n))) as [Hf|Hf]; [exists j; auto|].
      apply (IH (S j)); try lia. intros i Hs. replace i with (S (2 * j - n)) by lia. lra. }
  pose proof (Nat.div2_odd n) as Hh. destruct (Nat.odd n); cbn [Nat.b2n] in Hh;
    [apply (H0 _ (S (Nat.div2 n)) eq_refl)|apply (H0 _ (Nat.div2 n) eq_refl)]; try lia.
  intros i Hs. replace i with O by lia. simpl; lra.
Qed.

(** The learner; data sets of another size than [n] tell it nothing. *)
Definition vote_mechanism (e : R) (K n j : nat) (x : list nat) : nat -> R :=
  if (length x =? n)%nat then law e K n j (counts K x) else star K 0 (/ INR K).

Lemma vote_attained e K n : 1 <= e -> (3 <= K)%nat -> exists j M, (j <= n)%nat /\
  mechanism (list nat) (substitution nat) e 0 K M /\
  forall k, (k < K)%nat -> M (repeat k n) k = 1 - (INR K - 1) / weight e K n j.
Proof.
  intros He HK. destruct (best_exists e K n HK) as (j & Hj & Hn & Hf & Hi).
  exists j, (vote_mechanism e K n j). split; [exact Hj|].
  pose proof (uniform_range K ltac:(lia)) as Hu.
  assert (Hstar : is_dist K (star K 0 (/ INR K))) by (apply star_dist; [lia|lia|exact Hu]).
  split; [split|].
  - intros x. unfold vote_mechanism. destruct (Nat.eqb_spec (length x) n) as [Hl|_]; [|exact Hstar].
    apply law_dist; try assumption. rewrite counts_total by lia. exact Hl.
  - intros x y (a & u & v & b & -> & ->). unfold vote_mechanism.
    assert (Hl : length (a ++ v :: b) = length (a ++ u :: b)) by (rewrite !app_length; reflexivity).
    rewrite Hl. destruct (Nat.eqb_spec (length (a ++ u :: b)) n) as [Hx|_].
    + apply (law_dp e K n j He HK Hj Hn Hf Hi) with (d := counts K (a ++ b))
        (a := symbol K u) (b := symbol K v); try (apply symbol_range; lia);
        try (rewrite counts_total by lia; lia); intros; apply counts_insert.
    + apply dp_pointwise; intros o Ho. pose proof (proj1 Hstar o Ho). nra.
  - intros k Hk. unfold vote_mechanism. rewrite repeat_length, Nat.eqb_refl.
    apply law_unanimous; try assumption.
    + rewrite counts_total by lia. apply repeat_length.
    + apply counts_repeat, Hk.
Qed.

(** * Two secrets: the extremal path of Thm 2, whose output 0 is the less likely *)

Lemma start_weight e n : 1 <= e -> start e 0 n = (INR 2 - 1) / weight e 2 n (Nat.div2 n).
Proof.
  intros He. pose proof (Nat.div2_odd n) as Hn. unfold weight. set (m := Nat.div2 n) in *.
  pose proof (pow_ge1 e m He) as Hm. change (INR 2) with 2.
  assert (Hs : exact_gap e 0 n = 1 - 2 * start e 0 n) by reflexivity.
  destruct (Nat.odd n); cbn [Nat.b2n] in Hn.
  - rewrite Hn, exact_gap_pure_odd in Hs by exact He. rewrite Hn.
    replace (2 * m + 1 - m)%nat with (S m) by lia. cbn [pow].
    replace ((2 - 1) / (e ^ m + (2 - 1) * (e * e ^ m))) with (/ e ^ m / (1 + e))
      by (field; repeat split; nra).
    replace (2 * / e ^ m / (1 + e)) with (2 * (/ e ^ m / (1 + e))) in Hs by (field; lra). lra.
  - rewrite Nat.add_0_r in Hn. rewrite Hn, exact_gap_pure_even in Hs by exact He. rewrite Hn.
    replace (2 * m - m)%nat with m by lia.
    replace ((2 - 1) / (e ^ m + (2 - 1) * e ^ m)) with (/ 2 * / e ^ m) by (field; lra). lra.
Qed.

Lemma two_attained e n : 1 <= e -> exists j M, (j <= n)%nat /\
  mechanism (list nat) (substitution nat) e 0 2 M /\
  forall k, (k < 2)%nat -> M (repeat k n) k = 1 - (INR 2 - 1) / weight e 2 n j.
Proof.
  intros He. set (M := extremal_mechanism (list nat) e 0 (fun x => votes x 1) n).
  exists (Nat.div2 n), (named 2 M (fun o => point (1 - o))).
  split; [pose proof (Nat.div2_odd n); lia|]. split.
  - apply named_mechanism; [|intros o _; apply point_dist; lia].
    apply extremal_mechanism_dp; [intros x y; apply substitution_sym|exact He|lra|].
    intros x y (a & u & v & b & -> & ->).
    pose proof (votes_insert a b u 1). pose proof (votes_insert a b v 1). lia.
  - intros k Hk. rewrite <- start_weight by exact He.
    pose proof (extremal_start e 0 n He (Rle_refl 0)) as H0.
    pose proof (extremal_end e 0 n) as H1.
    unfold named, M, extremal_mechanism, path_mechanism.
    assert (Hv : votes (repeat k n) 1 = if (k =? 0)%nat then O else n).
    { destruct k as [|[|k]]; [|apply votes_repeat|lia]. simpl. unfold votes.
      clear. induction n as [|n IH]; simpl; [reflexivity|exact IH]. }
    rewrite Hv. destruct k as [|[|k]]; [| |lia].
    + cbn [Nat.eqb Nat.min]. rewrite H0. unfold point; simpl. ring.
    + cbn [Nat.eqb]. rewrite Nat.min_id, H1, H0. unfold point; simpl. ring.
Qed.

(** * The theorem *)

Theorem substitution_secrets_attained e K n : 1 <= e -> (2 <= K)%nat ->
  exists M, mechanism (list nat) (substitution nat) e 0 K M /\
  forall k, (k < K)%nat -> M (repeat k n) k = secrets_pure e K n.
Proof.
  intros He HK. assert (H : exists j M, (j <= n)%nat /\
    mechanism (list nat) (substitution nat) e 0 K M /\
    forall k, (k < K)%nat -> M (repeat k n) k = 1 - (INR K - 1) / weight e K n j).
  { destruct (Nat.eq_dec K 2) as [->|]; [apply two_attained|apply vote_attained]; auto; lia. }
  destruct H as (j & M & Hj & HM & Hv). exists M; split; [exact HM|].
  set (v := 1 - (INR K - 1) / weight e K n j) in *.
  enough (v = secrets_pure e K n) as <- by exact Hv. apply Rle_antisym.
  - apply substitution_secrets_pure; [exact He|lia|].
    apply (point_successes substitution) with M; auto; lia.
  - unfold v, secrets_pure. pose proof (star_count K HK).
    destruct (least_weight_one e K n n) as (i & Hi & Hl).
    pose proof (weight_pos e K n i He ltac:(lia)) as Hp.
    pose proof (least_weight_le e K n n j Hj) as Hm.
    enough (/ weight e K n j <= / least_weight e K n n).
    { assert ((INR K - 1) / weight e K n j <= (INR K - 1) / least_weight e K n n)
        by (apply Rmult_le_compat_l; lra). lra. }
    apply Rinv_le_contravar; [rewrite Hl; lra|exact Hm].
Qed.

(** Thm 9, replace-one, [delta = 0]: the largest success. *)
Theorem substitution_secrets_max e K n : 1 <= e -> (2 <= K)%nat ->
  successes substitution e 0 K n (secrets_pure e K n) /\
  forall v, successes substitution e 0 K n v -> v <= secrets_pure e K n.
Proof.
  intros He HK; split.
  - destruct (substitution_secrets_attained e K n He HK) as (M & HM & HE).
    apply point_successes with M; auto; lia.
  - intros v. apply substitution_secrets_pure; auto; lia.
Qed.
