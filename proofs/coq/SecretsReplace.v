(** The exact success for [K] secrets if records are replaced and [delta = 0]
    (theory, Thm 9): a learner that attains the upper bound of [SecretsBound].

    Here every definition is a witness, and nothing new has to be trusted. *)

From Coq Require Import Reals Lra Lia Psatz Arith List.
From Mipriv Require Import Chain ClosedForms Mechanism Datasets Coupling Population Secrets.
From Mipriv Require Import SecretsBound SecretsAddRemove SecretsNear SecretsNearDp SecretsKeep.
Import ListNotations.
Local Open Scope R_scope.

Lemma dp_pointwise e N P Q : (forall o, (o < N)%nat -> P o <= e * Q o) -> dp e 0 N P Q.
Proof.
  intros H S. unfold prob. rewrite Rplus_0_r, <- sum_scal. apply sum_le; intros o Ho.
  specialize (H o Ho). destruct (S o); lra.
Qed.

(** * Where one symbol has more than [j] of [n] votes, and where none has *)

Fixpoint beyond (K j : nat) (c : nat -> nat) : option nat :=
  match K with
  | O => None
  | S k => if (j <? c k)%nat then Some k else beyond k j c
  end.

Lemma beyond_some K j c k : beyond K j c = Some k -> (k < K)%nat /\ (j < c k)%nat.
Proof.
  induction K as [|K IH]; simpl; [discriminate|].
  destruct (Nat.ltb_spec j (c K)); intros E; [injection E as <-; auto|].
  destruct (IH E); auto.
Qed.

Lemma beyond_none K j c : beyond K j c = None -> forall l, (l < K)%nat -> (c l <= j)%nat.
Proof.
  induction K as [|K IH]; simpl; intros E l Hl; [lia|].
  destruct (Nat.ltb_spec j (c K)); [discriminate|].
  destruct (Nat.eq_dec l K) as [->|]; [lia|]. apply IH; auto; lia.
Qed.

Section Law.
Variables (e : R) (K n j : nat).
Hypotheses (He : 1 <= e) (HK : (3 <= K)%nat).

(** What the best [j] satisfies, [t = 2 j - n]. *)
Let t := (2 * j - n)%nat.
Hypotheses (Hj : (j <= n)%nat) (Hn : (n <= 2 * j)%nat).
Hypothesis Hfar : (j < n)%nat -> INR K - 1 <= e ^ S t.
Hypothesis Hnear : forall i, t = S i -> e ^ i <= INR K - 1.

(** A given wrong answer, [i] votes beyond [j]. *)
Definition wrong (i : nat) : R := / (e ^ i * (e ^ t + (INR K - 1))).
Definition far (k i : nat) : nat -> R := star K k (1 - (INR K - 1) * wrong i).
Definition law (c : nat -> nat) : nat -> R :=
  match beyond K j c with Some k => far k (c k - j) | None => near e K t (kept K t c) end.

Lemma wrong_range i : 0 <= (INR K - 1) * wrong i <= 1.
Proof.
  pose proof (three K HK). pose proof (pow_ge1 e i He). pose proof (pow_ge1 e t He).
  unfold wrong. set (W := e ^ t + (INR K - 1)).
  assert (HW : 1 * W <= e ^ i * W) by (apply Rmult_le_compat_r; unfold W; lra).
  assert (0 < e ^ i * W) by (unfold W in *; lra). split.
  - apply Rmult_le_pos; [lra|]. apply Rlt_le, Rinv_0_lt_compat; assumption.
  - apply Rmult_le_reg_r with (e ^ i * W); [assumption|].
    rewrite Rmult_assoc, Rinv_l by lra. unfold W in *; lra.
Qed.

Lemma wrong_step i : wrong i = e * wrong (S i).
Proof.
  pose proof (three K HK). pose proof (pow_ge1 e i He). pose proof (pow_ge1 e t He).
  unfold wrong; cbn [pow]. field. repeat split; lra.
Qed.

Lemma wrong_far i : (j < n)%nat -> (INR K - 1) * (e + 1) * wrong (S i) <= 1.
Proof.
  intros H. pose proof (Hfar H) as Hf. cbn [pow] in Hf. pose proof (three K HK).
  pose proof (pow_ge1 e i He). pose proof (pow_ge1 e t He).
  unfold wrong. set (W := e ^ t + (INR K - 1)). assert (0 < W) by (unfold W; lra).
  assert (Hp : e * 1 * W <= e ^ S i * W)
    by (cbn [pow]; apply Rmult_le_compat_r; [lra|apply Rmult_le_compat_l; lra]).
  assert (0 < e ^ S i * W) by nra. apply Rmult_le_reg_r with (e ^ S i * W); [assumption|].
  rewrite Rmult_assoc, Rinv_l by lra. unfold W in *. lra.
Qed.

Lemma far_dp k i i' : (k < K)%nat -> (i <= n - j)%nat -> (i' <= n - j)%nat ->
  (i <= S i')%nat -> (i' <= S i)%nat -> dp e 0 K (far k i) (far k i').
Proof.
  intros Hk Hi Hi' H1 H2. pose proof (three K HK).
  assert (Hs : forall m, (j < n)%nat -> let z := (INR K - 1) * wrong (S m) in
    0 <= z /\ (INR K - 1) * wrong m = e * z /\ (e - 1) * (1 - (e + 1) * z) >= 0 /\ z <= e * z).
  { intros m Hjn z. pose proof (wrong_range (S m)) as Hr. fold z in Hr.
    pose proof (wrong_far m Hjn) as Hf.
    replace ((INR K - 1) * (e + 1) * wrong (S m)) with ((e + 1) * z) in Hf by (unfold z; ring).
    split; [apply Hr|]. split; [rewrite wrong_step; unfold z; ring|]. split; [|nra].
    apply Rle_ge, Rmult_le_pos; lra. }
  unfold far. pose proof (wrong_range i) as Ri. pose proof (wrong_range i') as Ri'.
  apply star_dp; try lia; try lra;
    (assert (Hc : i = i' \/ i = S i' \/ i' = S i) by lia; destruct Hc as [Hc|[Hc|Hc]];
     [rewrite Hc in *; nra| |]; rewrite Hc in *).
  - destruct (Hs i' ltac:(lia)) as (Z & -> & Zf & Zm). nra.
  - destruct (Hs i ltac:(lia)) as (Z & -> & Zf & Zm). nra.
  - destruct (Hs i' ltac:(lia)) as (Z & -> & Zf & Zm). nra.
  - destruct (Hs i ltac:(lia)) as (Z & -> & Zf & Zm). nra.
Qed.

(** The two rules agree where both apply. *)
Lemma law_at c k : total K c = n -> (k < K)%nat -> (j <= c k)%nat ->
  forall o, (o < K)%nat -> law c o = far k (c k - j) o.
Proof.
  intros Hc Hk Hv o Ho. pose proof (three K HK). unfold law.
  destruct (beyond K j c) as [l|] eqn:E.
  - destruct (beyond_some _ _ _ _ E) as [Hl Hjl].
    destruct (Nat.eq_dec k l) as [<-|Hkl]; [reflexivity|].
    pose proof (total_pair K k l c Hk Hl Hkl). lia.
  - pose proof (beyond_none _ _ _ E k Hk). replace (c k) with j by lia. rewrite Nat.sub_diag.
    destruct (kept_leader K ltac:(lia) t k c Hk ltac:(unfold t; lia)) as [Hkk Hkl].
    rewrite (near_unanimous e K t k) by assumption. unfold far, star, wrong. cbn [pow].
    pose proof (pow_ge1 e t He). destruct (o =? k)%nat; field; lra.
Qed.

Lemma law_dist c : total K c = n -> is_dist K (law c).
Proof.
  intros Hc. unfold law. destruct (beyond K j c) as [k|] eqn:E.
  - apply star_dist; [lia|apply (beyond_some _ _ _ _ E)|].
    pose proof (wrong_range (c k - j)). lra.
  - apply near_dist; [exact He|exact HK|]. apply kept_total; [lia|]. unfold t; lia.
Qed.

(** One vote for [a] becomes one for [b]. *)
Lemma kept_dp c c' d a b : (a < K)%nat -> (b < K)%nat -> total K c = n ->
  (forall l, (l < K)%nat -> c l = voted a d l) -> (forall l, (l < K)%nat -> c' l = voted b d l) ->
  dp e 0 K (near e K t (kept K t c)) (near e K t (kept K t c')).
Proof.
  intros Ha Hb Hc Ea Eb. apply dp_pointwise; intros o Ho. pose proof (pow_ge1 e t He).
  pose proof (three K HK).
  assert (Hd : n = S (total K d)) by (rewrite <- Hc, (total_ext K c _ Ea), total_voted by exact
    Ha; reflexivity).
  assert (Hc' : total K c' = n) by (rewrite (total_ext K c' _ Eb), total_voted by exact Hb; lia).
  assert (Hsame : forall c1 c2, total K c1 = n -> (forall l, (l < K)%nat -> c1 l = c2 l) ->
    near e K t c1 o = near e K t c2 o) by (intros; apply near_ext; assumption).
  assert (Hself : near e K t (kept K t c') o <= e * near e K t (kept K t c') o).
  { assert (0 <= near e K t (kept K t c') o); [|nra].
    apply near_dist; auto. apply kept_total; [lia|]. unfold t; lia. }
  destruct t as [|i] eqn:Et.
  - rewrite (near_ext e K O (kept K 0 c) (kept K 0 c')); [exact Hself|exact Ho|].
    intros l Hl. pose proof (total_one K l (kept K 0 c) Hl).
    pose proof (total_one K l (kept K 0 c') Hl).
    rewrite !kept_total in * by lia. lia.
  - destruct (kept_voted K ltac:(lia) i a d Ha ltac:(unfold t in Et; lia)) as (x & Hx & Ex).
    destruct (kept_voted K ltac:(lia) i b d Hb ltac:(unfold t in Et; lia)) as (y & Hy & Ey).
    assert (Kx : forall l, (l < K)%nat -> kept K (S i) c l = voted x (kept K i d) l)
      by (intros l Hl; rewrite (kept_ext K _ c (voted a d)); auto).
    assert (Ky : forall l, (l < K)%nat -> kept K (S i) c' l = voted y (kept K i d) l)
      by (intros l Hl; rewrite (kept_ext K _ c' (voted b d)); auto).
    destruct (Nat.eq_dec x y) as [<-|Hxy].
    + rewrite (near_ext e K (S i) _ (kept K (S i) c')); [exact Hself|exact Ho|].
      intros l Hl. rewrite Kx, Ky by exact Hl. reflexivity.
    + rewrite (near_ext e K (S i) _ _ o Ho Kx), (near_ext e K (S i) _ _ o Ho Ky).
      assert (Hi : total K (kept K i d) = i) by (apply kept_total; unfold t in Et; lia).
      rewrite <- Hi at 1 3. apply near_move; auto.
Qed.

Lemma law_dp c c' d a b : (a < K)%nat -> (b < K)%nat -> total K c = n -> total K c' = n ->
  (forall l, (l < K)%nat -> c l = voted a d l) -> (forall l, (l < K)%nat -> c' l = voted b d l) ->
  dp e 0 K (law c) (law c').
Proof.
  intros Ha Hb Hc Hc' Ea Eb.
  assert (Hk : forall k, (k < K)%nat -> (j < c k)%nat \/ (j < c' k)%nat -> dp e 0 K (law c) (law
    c')).
  { intros k Hk Hv.
    assert (Hl : (c k <= S (c' k))%nat /\ (c' k <= S (c k))%nat)
      by (rewrite Ea, Eb by exact Hk; unfold voted; destruct (k =? a)%nat, (k =? b)%nat; lia).
    pose proof (total_one K k c Hk). pose proof (total_one K k c' Hk).
    apply (dp_ext e 0 K _ (far k (c k - j)) _ (far k (c' k - j))).
    - apply law_at; auto; lia.
    - apply law_at; auto; lia.
    - apply far_dp; auto; lia. }
  destruct (beyond K j c) as [k|] eqn:E.
  { destruct (beyond_some _ _ _ _ E). apply (Hk k); auto. }
  destruct (beyond K j c') as [k|] eqn:E'.
  { destruct (beyond_some _ _ _ _ E'). apply (Hk k); auto. }
  unfold law. rewrite E, E'. apply (kept_dp c c' d a b); assumption.
Qed.

Lemma law_unanimous c k : (k < K)%nat -> total K c = n -> c k = n ->
  law c k = 1 - (INR K - 1) / weight e K n j.
Proof.
  intros Hk Hc Hv. rewrite (law_at c k) by (assumption || lia). rewrite Hv.
  unfold far, star. rewrite Nat.eqb_refl. unfold wrong, weight, Rdiv. do 3 f_equal.
  rewrite Rmult_plus_distr_l, <- pow_add. replace (n - j + t)%nat with j by (unfold t; lia). ring.
Qed.
End Law.

(** * On data sets *)

(** Records that are no symbol count as votes for 0. *)
Definition symbol (K r : nat) : nat := if (r <? K)%nat then r else O.
Fixpoint counts (K : nat) (x : list nat) (l : nat) : nat :=
  match x with [] => O | r :: y => voted (symbol K r) (counts K y) l end.

Lemma symbol_range K r : (0 < K)%nat -> (symbol K r < K)%nat.
Proof. intros H. unfold symbol. destruct (Nat.ltb_spec r K); lia. Qed.

Lemma counts_total K x : (0 < K)%nat -> total K (counts K x) = length x.
Proof.
  intros HK; induction x as [|r x IH]; simpl.
  - clear. induction K as [|K IH]; simpl in *; lia.
  - rewrite (total_voted K) by (apply symbol_range, HK). rewrite IH; reflexivity.
Qed.

Lemma counts_insert K a u b l : counts K (a ++ u :: b) l = voted (symbol K u) (counts K (a ++ b)) l.
Proof.
  induction a as [|r a IH]; simpl; [reflexivity|]. unfold voted in *. rewrite IH.
  destruct (l =? symbol K r)%nat, (l =? symbol K u)%nat; reflexivity.
Qed.

Lemma counts_repeat K k n : (k < K)%nat -> counts K (repeat k n) k = n.
Proof.
  intros Hk; induction n as [|n IH]; simpl; [reflexivity|]. unfold voted, symbol.
  rewrite (proj2 (Nat.ltb_lt k K) Hk), Nat.eqb_refl, IH. reflexivity.
Qed.
