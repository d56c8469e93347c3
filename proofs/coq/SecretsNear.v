(** The near rule (theory, Thm 9): [t] votes answer which of [K >= 3] secrets it is,
    and as long as [e^(t-1) <= K - 1] replacing one vote shows at most by [e].

    Here every definition is a witness, and nothing has to be trusted. *)

From Coq Require Import Reals Lra Lia Psatz Arith.
From Mipriv Require Import Chain Mechanism Coupling Secrets.
Local Open Scope R_scope.

(** * Counts, and the sums over pairs *)

Fixpoint total (K : nat) (c : nat -> nat) : nat :=
  match K with O => O | S k => (total k c + c k)%nat end.

(** The sum of [x i * x j] over [i < j < K]. *)
Fixpoint pairs (K : nat) (x : nat -> R) : R :=
  match K with O => 0 | S k => pairs k x + x k * sum k x end.

Definition without {A : Type} (zero : A) (k : nat) (x : nat -> A) (l : nat) : A :=
  if (l =? k)%nat then zero else x l.

(** One vote more for [a]. *)
Definition voted (a : nat) (c : nat -> nat) (l : nat) : nat :=
  if (l =? a)%nat then S (c l) else c l.

Lemma without_other {A : Type} (zero : A) k x l : l <> k -> without zero k x l = x l.
Proof. intros H; unfold without. rewrite (proj2 (Nat.eqb_neq l k) H); reflexivity. Qed.

Lemma total_ext K c c' : (forall l, (l < K)%nat -> c l = c' l) -> total K c = total K c'.
Proof. induction K as [|K IH]; intros H; simpl; [reflexivity|]. rewrite IH, H; auto with arith. Qed.

Lemma total_spot K k c : (k < K)%nat -> total K c = (c k + total K (without O k c))%nat.
Proof.
  unfold without. induction K as [|K IH]; intros Hk; [lia|]. simpl.
  destruct (Nat.eq_dec k K) as [->|Hn].
  - rewrite Nat.eqb_refl, (total_ext K (fun l => if (l =? K)%nat then O else c l) c); [lia|].
    intros l Hl. rewrite (proj2 (Nat.eqb_neq l K)) by lia; reflexivity.
  - rewrite IH, (proj2 (Nat.eqb_neq K k)) by lia. lia.
Qed.

Lemma pairs_ext K x y : (forall l, (l < K)%nat -> x l = y l) -> pairs K x = pairs K y.
Proof.
  induction K as [|K IH]; intros H; simpl; [reflexivity|].
  rewrite IH, H, (sum_ext K x y); auto with arith.
Qed.

Lemma pairs_spot K k x : (k < K)%nat ->
  pairs K x = x k * sum K (without 0 k x) + pairs K (without 0 k x).
Proof.
  induction K as [|K IH]; intros Hk; [lia|]. simpl. destruct (Nat.eq_dec k K) as [->|Hn].
  - assert (H : forall l, (l < K)%nat -> without 0 K x l = x l) by (intros; apply without_other;
    lia).
    rewrite (sum_ext K _ x H), (pairs_ext K _ x H). unfold without. rewrite Nat.eqb_refl. ring.
  - rewrite IH, (sum_spot K k x) by lia. fold (without 0 k x).
    rewrite (without_other 0 k x K) by lia. change (fun l => _) with (without 0 k x). ring.
Qed.

Lemma pairs_nonneg K x : (forall l, (l < K)%nat -> 0 <= x l) -> 0 <= pairs K x.
Proof.
  induction K as [|K IH]; intros H; simpl; [lra|]. pose proof (IH ltac:(auto)).
  pose proof (sum_nonneg K x ltac:(auto)). pose proof (H K ltac:(lia)). nra.
Qed.

Lemma pairs_square K x : 2 * pairs K x + sum K (fun l => x l * x l) = sum K x * sum K x.
Proof. induction K as [|K IH]; simpl; [ring|]. nra. Qed.

(** * The rule *)

(** The weight of the nonempty sets of votes for [l]. *)
Definition extra (e : R) (c : nat -> nat) (l : nat) : R := e ^ c l - 1.

(** All sets of votes weigh [T].  None, or those of [o] alone: [o].  Two symbols: any
    other one.  Three or more: any symbol. *)
Definition near_weight (K : nat) (T : R) (x : nat -> R) (o : nat) : R :=
  1 + x o + (pairs K x - x o * (sum K x - x o)) * / (INR K - 2)
  + (T - 1 - sum K x - pairs K x) * / INR K.
Definition near (e : R) (K t : nat) (c : nat -> nat) (o : nat) : R :=
  near_weight K (e ^ t) (extra e c) o / (e ^ t + (INR K - 1)).

Section Near.
Variables (e : R) (K : nat).
Hypotheses (He : 1 <= e) (HK : (3 <= K)%nat).

Lemma three : 3 <= INR K.
Proof. pose proof (le_INR 3 K HK) as H; simpl in H; lra. Qed.

Lemma extra_nonneg c l : 0 <= extra e c l.
Proof. unfold extra. pose proof (pow_ge1 e (c l) He); lra. Qed.

Lemma sets_total k c : 1 + sum k (extra e c) + pairs k (extra e c) <= e ^ total k c.
Proof.
  induction k as [|k IH]; simpl; [lra|]. rewrite pow_add.
  pose proof (extra_nonneg c) as H. pose proof (sum_nonneg k _ (fun l _ => H l)).
  pose proof (pairs_nonneg k _ (fun l _ => H l)). specialize (H k).
  set (S := sum k (extra e c)) in *. set (P := pairs k (extra e c)) in *.
  replace (e ^ c k) with (1 + extra e c k) by (unfold extra; ring). set (x := extra e c k) in *.
  assert (0 <= P * x) by (apply Rmult_le_pos; assumption). nra.
Qed.

Lemma extra_without k c l : extra e (without O k c) l = without 0 k (extra e c) l.
Proof. unfold extra, without. destruct (l =? k)%nat; simpl; ring. Qed.

(** Pairs without [o]. *)
Lemma elsewhere o x : (o < K)%nat ->
  pairs K x - x o * (sum K x - x o) = pairs K (without 0 o x).
Proof.
  intros Ho. rewrite (pairs_spot K o), (sum_spot K o x) by exact Ho.
  change (fun l => _) with (without 0 o x). ring.
Qed.

Lemma near_weight_nonneg t c o : (o < K)%nat -> total K c = t ->
  0 <= near_weight K (e ^ t) (extra e c) o.
Proof.
  intros Ho <-. unfold near_weight. pose proof three. rewrite elsewhere by exact Ho.
  pose proof (extra_nonneg c o). pose proof (sets_total K c) as Hs.
  assert (0 <= pairs K (without 0 o (extra e c)) * / (INR K - 2)).
  { apply Rmult_le_pos; [|apply Rlt_le, Rinv_0_lt_compat; lra].
    apply pairs_nonneg; intros l _. rewrite <- extra_without. apply extra_nonneg. }
  assert (0 <= (e ^ total K c - 1 - sum K (extra e c) - pairs K (extra e c)) * / INR K).
  { apply Rmult_le_pos; [lra|apply Rlt_le, Rinv_0_lt_compat; lra]. }
  lra.
Qed.

Lemma near_weight_total T x : sum K (near_weight K T x) = T + (INR K - 1).
Proof.
  pose proof three. pose proof (pairs_square K x) as Hp.
  set (a := / (INR K - 2)). set (b := / INR K).
  rewrite (sum_ext K _ (fun o => (1 + pairs K x * a + (T - 1 - sum K x - pairs K x) * b) * 1
    + 1 * ((1 - sum K x * a) * x o + a * (x o * x o)))) by (intros; unfold near_weight; fold a b;
      ring).
  rewrite !sum_lin, sum_const.
  replace (sum K (fun o => x o * x o)) with (sum K x * sum K x - 2 * pairs K x) by lra.
  unfold a, b. field; lra.
Qed.

Lemma near_dist t c : total K c = t -> is_dist K (near e K t c).
Proof.
  intros Ht. pose proof three. pose proof (pow_ge1 e t He). unfold near; split.
  - intros o Ho. apply Rmult_le_pos; [apply near_weight_nonneg; assumption|].
    apply Rlt_le, Rinv_0_lt_compat; lra.
  - rewrite (sum_ext K _ (fun o => / (e ^ t + (INR K - 1)) * near_weight K (e ^ t) (extra e c) o))
      by (intros; unfold Rdiv; ring).
    rewrite sum_scal, near_weight_total. field; lra.
Qed.

Lemma near_ext t c c' o : (o < K)%nat -> (forall l, (l < K)%nat -> c l = c' l) ->
  near e K t c o = near e K t c' o.
Proof.
  intros Ho H. unfold near, near_weight.
  assert (Hx : forall l, (l < K)%nat -> extra e c l = extra e c' l)
    by (intros l Hl; unfold extra; rewrite H by exact Hl; reflexivity).
  rewrite (sum_ext K _ _ Hx), (pairs_ext K _ _ Hx), (Hx o Ho). reflexivity.
Qed.

(** All votes for [k]. *)
Lemma near_unanimous t k c o : (k < K)%nat -> (o < K)%nat -> c k = t ->
  (forall l, (l < K)%nat -> l <> k -> c l = O) ->
  near e K t c o = (if (o =? k)%nat then e ^ t else 1) / (e ^ t + (INR K - 1)).
Proof.
  intros Hk Ho Ht Hc. unfold near. f_equal. unfold near_weight.
  assert (Hz : forall l, (l < K)%nat -> without 0 k (extra e c) l = 0).
  { intros l Hl. unfold without, extra. destruct (Nat.eqb_spec l k); [reflexivity|].
    rewrite Hc by assumption. simpl; ring. }
  assert (Hp : forall k, pairs k (fun _ => 0) = 0)
    by (induction k0 as [|i IH]; simpl; [|rewrite IH]; ring).
  rewrite (pairs_spot K k), (sum_spot K k (extra e c)) by exact Hk.
  change (fun l => if (l =? k)%nat then 0 else extra e c l) with (without 0 k (extra e c)).
  rewrite (sum_ext K _ _ Hz), (pairs_ext K _ _ Hz), sum_zero, Hp. unfold extra. rewrite Ht.
  destruct (Nat.eqb_spec o k) as [->|Hn]; [rewrite Ht; ring|].
  rewrite (Hc o Ho Hn). simpl; ring.
Qed.
End Near.
