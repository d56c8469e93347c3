(** Guessing one of [K] equiprobable secrets (theory, Thm 9): the upper bounds,
    on any graph of data sets.

    A reader has to trust, besides [Chain], [Mechanism], [path] and [expectation],
    the five definitions of the first section. *)

From Coq Require Import Reals Lra Lia Psatz Arith.
From Mipriv Require Import Chain Mechanism Coupling.
Local Open Scope R_scope.

(** * Definitions *)

(** What one more step can do to the probability [a] of an event; [n] steps. *)
Definition grow (e d a : R) : R := Rmin 1 (Rmin (e * a + d) (1 - (1 - d - a) / e)).
Fixpoint grown (e d : R) (n : nat) (a : R) : R :=
  match n with O => a | S k => grow e d (grown e d k a) end.

(** [G o k] is the probability that an attacker who sees the output [o] names the
    secret [k]; then [named] is the probability that [k] is named at [x]. *)
Definition guess (N K : nat) (G : nat -> nat -> R) : Prop :=
  forall o, (o < N)%nat -> is_dist K (G o).
Definition named {X : Type} (N : nat) (M : X -> nat -> R) (G : nat -> nat -> R) (x : X) (k : nat) :=
  sum N (fun o => M x o * G o k).

(** The secret [k] has probability [1 / K], and then the data set is random with
    the expectation [E k]. *)
Definition success {X : Type} (N K : nat) (E : nat -> (X -> R) -> R)
    (M : X -> nat -> R) (G : nat -> nat -> R) : R :=
  / INR K * sum K (fun k => E k (fun x => named N M G x k)).

(** * Sums *)

Lemma sum_spot K k f : (k < K)%nat ->
  sum K f = f k + sum K (fun l => if (l =? k)%nat then 0 else f l).
Proof.
  induction K as [|K IH]; intros Hk; [lia|]. simpl. destruct (Nat.eq_dec k K) as [->|Hn].
  - rewrite Nat.eqb_refl, (sum_ext K (fun l => if (l =? K)%nat then 0 else f l) f); [lra|].
    intros l Hl. rewrite (proj2 (Nat.eqb_neq l K)) by lia; reflexivity.
  - rewrite IH, (proj2 (Nat.eqb_neq K k)) by lia. lra.
Qed.

Lemma sum_const K a : sum K (fun _ => a) = INR K * a.
Proof. induction K as [|K IH]; [simpl; lra|]. rewrite S_INR; simpl; rewrite IH; lra. Qed.

Lemma sum_swap N K f : sum N (fun o => sum K (f o)) = sum K (fun k => sum N (fun o => f o k)).
Proof.
  induction N as [|N IH]; simpl; [symmetry; apply sum_zero|]. rewrite IH.
  rewrite <- (Rmult_1_l (sum K (f N))), <- (Rmult_1_l (sum K (fun k => sum N _))), <- sum_lin.
  apply sum_ext; intros; ring.
Qed.

Lemma sum_nonneg K f : (forall i, (i < K)%nat -> 0 <= f i) -> 0 <= sum K f.
Proof. intros H. rewrite <- (sum_zero K). apply sum_le; assumption. Qed.

Lemma prob_single K P k : (k < K)%nat -> prob K P (fun i => (i =? k)%nat) = P k.
Proof.
  intros Hk. unfold prob. rewrite (sum_spot K k) by exact Hk. rewrite Nat.eqb_refl.
  rewrite (sum_ext K _ (fun _ => 0)), sum_zero; [lra|]. intros l _. destruct (l =? k)%nat; lra.
Qed.

(** * An attacker's guess is private too *)

(** Of all functions into [0, 1], events are the worst. *)
Lemma dp_function e d N P Q f : dp e d N P Q -> (forall o, (o < N)%nat -> 0 <= f o <= 1) ->
  sum N (fun o => P o * f o) <= e * sum N (fun o => Q o * f o) + d.
Proof.
  intros H Hf. set (S := fun o => if Rle_dec (e * Q o) (P o) then true else false).
  specialize (H S). unfold prob in H.
  enough (1 * sum N (fun o => P o * f o) + - e * sum N (fun o => Q o * f o)
    <= 1 * sum N (fun o => if S o then P o else 0) + - e * sum N (fun o => if S o then Q o else 0))
    by lra.
  rewrite <- !sum_lin. apply sum_le; intros o Ho. specialize (Hf o Ho).
  unfold S; destruct Rle_dec; nra.
Qed.

Lemma named_dist N K P G : is_dist N P -> guess N K G ->
  is_dist K (fun k => sum N (fun o => P o * G o k)).
Proof.
  intros [HP H1] HG; split.
  - intros k Hk. apply sum_nonneg; intros o Ho.
    apply Rmult_le_pos; [apply HP, Ho|apply (HG o Ho), Hk].
  - rewrite <- (sum_swap N K (fun o k => P o * G o k)), <- H1. apply sum_ext; intros o Ho.
    rewrite sum_scal, (proj2 (HG o Ho)); lra.
Qed.

Lemma named_dp e d N K P Q G : dp e d N P Q -> guess N K G ->
  dp e d K (fun k => sum N (fun o => P o * G o k)) (fun k => sum N (fun o => Q o * G o k)).
Proof.
  intros H HG S.
  assert (Hs : forall R, prob K (fun k => sum N (fun o => R o * G o k)) S
    = sum N (fun o => R o * prob K (G o) S)).
  { intros R. unfold prob. transitivity (sum K (fun k => sum N (fun o => R o * if S k then G o k
    else 0))).
    - apply sum_ext; intros k _. destruct (S k); [reflexivity|].
      rewrite (sum_ext N _ (fun _ => 0)), sum_zero; [reflexivity|intros; ring].
    - rewrite <- (sum_swap N K (fun o k => R o * if S k then G o k else 0)).
      apply sum_ext; intros o _. apply sum_scal. }
  rewrite !Hs. apply dp_function; [exact H|]. intros o Ho. apply prob_range, HG, Ho.
Qed.

Lemma named_mechanism {X : Type} (adj : X -> X -> Prop) e d N K M G :
  mechanism X adj e d N M -> guess N K G -> mechanism X adj e d K (named N M G).
Proof.
  intros [HM Hdp] HG; split; intros.
  - apply named_dist; auto.
  - apply named_dp; auto.
Qed.

(** * The growth of a probability *)

Section Grow.
Variables (e d : R).
Hypotheses (He : 1 <= e) (Hd : 0 <= d).

Lemma grow_ge a y :
  y <= grow e d a <-> y <= 1 /\ y <= e * a + d /\ 1 - a <= e * (1 - y) + d.
Proof.
  unfold grow. assert (Hq : (1 - d - a) / e * e = 1 - d - a) by (field; lra).
  set (q := (1 - d - a) / e) in *. split.
  - intros H. pose proof (Rmin_l 1 (Rmin (e * a + d) (1 - q))).
    pose proof (Rmin_r 1 (Rmin (e * a + d) (1 - q))).
    pose proof (Rmin_l (e * a + d) (1 - q)). pose proof (Rmin_r (e * a + d) (1 - q)).
    repeat split; [lra|lra|]. assert (e * q <= e * (1 - y)) by (apply Rmult_le_compat_l; lra). lra.
  - intros (H1 & H2 & H3). repeat apply Rmin_glb; [exact H1|exact H2|].
    enough (q <= 1 - y) by lra. apply Rmult_le_reg_r with e; lra.
Qed.

Lemma grow_spec a :
  grow e d a <= 1 /\ grow e d a <= e * a + d /\ 1 - a <= e * (1 - grow e d a) + d.
Proof. apply grow_ge, Rle_refl. Qed.

Lemma grow_up a : 0 <= a <= 1 -> a <= grow e d a.
Proof. intros Ha. apply grow_ge. nra. Qed.

Lemma grow_mono a b : a <= b -> grow e d a <= grow e d b.
Proof. intros H. destruct (grow_spec a) as (A & B & C). apply grow_ge; nra. Qed.

Lemma grown_range n a : 0 <= a <= 1 -> a <= grown e d n a <= 1.
Proof.
  intros Ha; induction n as [|n IH]; simpl; [lra|]. set (x := grown e d n a) in *.
  pose proof (grow_up x ltac:(lra)). pose proof (grow_spec x). lra.
Qed.

Lemma grown_mono n a b : a <= b -> grown e d n a <= grown e d n b.
Proof. intros H; induction n as [|n IH]; simpl; [exact H|apply grow_mono, IH]. Qed.

Lemma grown_shift n a : grown e d n (grow e d a) = grow e d (grown e d n a).
Proof. induction n as [|n IH]; simpl; [reflexivity|rewrite IH; reflexivity]. Qed.

Lemma grown_add i n a : grown e d (i + n) a = grown e d i (grown e d n a).
Proof. induction i as [|i IH]; simpl; [reflexivity|rewrite IH; reflexivity]. Qed.

(** A line above [grow] that touches it in a given point; likewise for [n] steps. *)
Lemma grow_line a : exists s t, 0 <= s /\ (forall x, grow e d x <= s * x + t) /\
  grow e d a = s * a + t.
Proof.
  assert (Hx : forall x, grow e d x <= 0 * x + 1 /\ grow e d x <= e * x + d /\
    grow e d x <= / e * x + (1 - (1 - d) / e)).
  { intros x. destruct (grow_spec x) as (A & B & C). repeat split; [lra|exact B|].
    apply Rmult_le_reg_l with e; [lra|].
    replace (e * (/ e * x + (1 - (1 - d) / e))) with (x + e - (1 - d)) by (field; lra). lra. }
  assert (Ha : grow e d a = 1 \/ grow e d a = e * a + d \/ grow e d a = 1 - (1 - d - a) / e)
    by (unfold grow, Rmin; repeat destruct Rle_dec; auto).
  destruct Ha as [-> |[-> | ->]].
  - exists 0, 1. repeat split; [lra|apply Hx|lra].
  - exists e, d. repeat split; [lra|apply Hx].
  - exists (/ e), (1 - (1 - d) / e). repeat split; [|apply Hx|field; lra].
    apply Rlt_le, Rinv_0_lt_compat; lra.
Qed.

Lemma grown_line n a : exists s t, 0 <= s /\ (forall x, grown e d n x <= s * x + t) /\
  grown e d n a = s * a + t.
Proof.
  induction n as [|n (s & t & Hs & Hx & Ha)]; simpl; [exists 1, 0; repeat split; intros; lra|].
  destruct (grow_line (grown e d n a)) as (s' & t' & Hs' & Hx' & Ha').
  exists (s' * s), (s' * t + t'). repeat split.
  - apply Rmult_le_pos; assumption.
  - intros x. specialize (Hx x). specialize (Hx' (grown e d n x)).
    assert (s' * grown e d n x <= s' * (s * x + t)) by (apply Rmult_le_compat_l; assumption). lra.
  - rewrite Ha', Ha; ring.
Qed.
End Grow.

(** At [delta = 0] every [j <= n] gives such a line. *)
Lemma grown_pure e n j a : 1 <= e -> (j <= n)%nat -> 0 <= a <= 1 ->
  1 <= e ^ j * a + e ^ (n - j) * (1 - grown e 0 n a).
Proof.
  intros He Hj Ha. assert (Hup : forall k b, grown e 0 k b <= e ^ k * b).
  { intros k b; induction k as [|k IH]; simpl; [lra|].
    destruct (grow_spec e 0 He (grown e 0 k b)) as (_ & H & _). nra. }
  assert (Hdown : forall k b, 1 - b <= e ^ k * (1 - grown e 0 k b)).
  { intros k b; induction k as [|k IH]; simpl; [lra|]. pose proof (pow_ge1 e k He).
    destruct (grow_spec e 0 He (grown e 0 k b)) as (_ & _ & Hb). nra. }
  replace n with ((n - j) + j)%nat at 2 by lia. rewrite grown_add.
  pose proof (Hup j a). pose proof (Hdown (n - j)%nat (grown e 0 j a)). lra.
Qed.

(** * The bounds for mechanisms *)

Section Bounds.
Context {X : Type} (adj : X -> X -> Prop).
Variables (e d : R) (K N n : nat) (M : X -> nat -> R) (G : nat -> nat -> R).
Hypotheses (He : 1 <= e) (Hd : 0 <= d) (HK : (0 < K)%nat).
Hypothesis adj_sym : forall x y, adj x y -> adj y x.
Hypotheses (HM : mechanism X adj e d N M) (HG : guess N K G).

Let p := named N M G.

Lemma named_range x k : (k < K)%nat -> 0 <= p x k <= 1.
Proof.
  intros Hk. rewrite <- (prob_single K (p x) k Hk). apply prob_range.
  apply (named_mechanism adj e d N K M G HM HG).
Qed.

Lemma named_steps m x y k : (k < K)%nat -> path adj m x y -> p y k <= grown e d m (p x k).
Proof.
  intros Hk. destruct (named_mechanism adj e d N K M G HM HG) as [Hp Hdp].
  induction 1 as [x|m x y z Hxy _ IH]; [simpl; lra|]. cbn [grown]. rewrite <- grown_shift.
  eapply Rle_trans; [exact IH|]. apply grown_mono; try assumption. apply grow_ge; [exact He|].
  pose proof (named_range y k Hk). split; [lra|].
  pose proof (Hdp y x (adj_sym x y Hxy) (fun i => (i =? k)%nat)) as H1.
  pose proof (Hdp x y Hxy (fun i => negb (i =? k)%nat)) as H2.
  rewrite !prob_compl in H2 by apply Hp. rewrite !prob_single in * by exact Hk.
  fold p in H1, H2. lra.
Qed.

Variables (E : nat -> (X -> R) -> R) (on : nat -> X -> Prop).
Hypothesis HE : forall k, (k < K)%nat -> expectation (on k) (E k).

(** The probability that [k] is named when the secret is [l]. *)
Let P k l := E l (fun x => p x k).

Lemma E_const k c : (k < K)%nat -> E k (fun _ => c) = c.
Proof.
  intros Hk. rewrite (E_ext (HE k Hk) _ (fun _ => c * 1 + 0 * 1)) by (intros; ring).
  rewrite (E_lin _ _ (HE k Hk)), (E_one _ _ (HE k Hk)); ring.
Qed.

Lemma P_range k l : (k < K)%nat -> (l < K)%nat -> 0 <= P k l <= 1.
Proof.
  intros Hk Hl. rewrite <- (E_const l 0 Hl), <- (E_const l 1 Hl) at 1. unfold P.
  split; apply (E_le _ _ (HE l Hl)); intros x _; apply named_range, Hk.
Qed.

Lemma P_sum l : (l < K)%nat -> sum K (fun k => P k l) = 1.
Proof.
  intros Hl. unfold P. rewrite <- (E_sum (HE l Hl) K p), <- (E_const l 1 Hl).
  apply (E_ext (HE l Hl)); intros x _. apply (named_mechanism adj e d N K M G HM HG).
Qed.

Lemma success_mean : INR K * success N K E M G = sum K (fun k => P k k).
Proof. unfold success. fold p. unfold P. field. apply not_0_INR; lia. Qed.

(** ** Through one data set [z], [n] steps from all the data *)

Theorem secrets_star_bound z :
  (forall k x, (k < K)%nat -> on k x -> path adj n z x) ->
  success N K E M G <= grown e d n (/ INR K).
Proof.
  intros Hz. destruct (grown_line e d He n (/ INR K)) as (s & t & Hs & Hx & ->).
  pose proof (lt_0_INR K HK) as H0. apply Rmult_le_reg_l with (INR K); [exact H0|].
  rewrite success_mean.
  apply Rle_trans with (sum K (fun k => s * p z k + t * 1)).
  - apply sum_le; intros k Hk. rewrite <- (E_const k (s * p z k + t * 1) Hk).
  apply (E_le _ _ (HE k Hk)).
    intros x Hxk. pose proof (named_steps n z x k Hk (Hz k x Hk Hxk)).
    pose proof (Hx (p z k)). lra.
  - rewrite sum_lin, sum_const. destruct (named_mechanism adj e d N K M G HM HG) as [Hp _].
    unfold p. rewrite (proj2 (Hp z)). apply Req_le; field; lra.
Qed.

(** ** From every secret to every other in [n] steps *)

Hypothesis Hpath : forall k l x y, (k < K)%nat -> (l < K)%nat -> k <> l ->
  on k x -> on l y -> path adj n y x.

Lemma line_pair s t k l : (forall a, 0 <= a <= 1 -> grown e d n a <= s * a + t) ->
  (k < K)%nat -> (l < K)%nat -> P k k <= s * P k l + t.
Proof.
  intros Hst Hk Hl. destruct (Nat.eq_dec k l) as [<-|Hkl].
  - pose proof (P_range k k Hk Hk) as H. specialize (Hst _ H).
    pose proof (grown_range e d He Hd n _ H). lra.
  - rewrite <- (E_const l (P k k) Hl).
    replace (s * P k l + t) with (s * P k l + t * E l (fun _ => 1))
      by (rewrite (E_one _ _ (HE l Hl)); ring).
    unfold P at 2. rewrite <- (E_lin _ _ (HE l Hl)). apply (E_le _ _ (HE l Hl)); intros y Hy.
    rewrite <- (E_const k (s * p y k + t * 1) Hk). apply (E_le _ _ (HE k Hk)); intros x Hx.
    pose proof (named_steps n y x k Hk (Hpath k l x y Hk Hl Hkl Hx Hy)).
    pose proof (Hst _ (named_range y k Hk)). lra.
Qed.

(** The pairs of different secrets, on average. *)
Lemma line_bound s t : (forall a, 0 <= a <= 1 -> grown e d n a <= s * a + t) ->
  (INR K - 1) * success N K E M G <= s * (1 - success N K E M G) + (INR K - 1) * t.
Proof.
  intros Hst. pose proof (lt_0_INR K HK) as H0. apply Rmult_le_reg_l with (INR K); [exact H0|].
  assert (H : 0 <= sum K (fun k => s * sum K (P k) + ((INR K - 1) * t
    - (INR K - 1) * P k k - s * P k k))).
  { apply sum_nonneg; intros k Hk.
    assert (H : 0 <= sum K (fun l => if (l =? k)%nat then 0 else s * P k l + (t - P k k) * 1)).
    { apply sum_nonneg; intros l Hl. pose proof (line_pair s t k l Hst Hk Hl).
      destruct (l =? k)%nat; lra. }
    pose proof (sum_spot K k (fun l => s * P k l + (t - P k k) * 1) Hk) as Hs.
    rewrite sum_lin, sum_const in Hs. lra. }
  rewrite (sum_ext K _ (fun k => s * sum K (P k) + 1 * ((INR K - 1) * t * 1
    + - (INR K - 1 + s) * P k k))) in H by (intros; ring).
  rewrite !sum_lin, sum_const, <- success_mean in H.
  rewrite (sum_swap K K P) in H.
  rewrite (sum_ext K _ (fun _ => 1)), sum_const in H by (intros; apply P_sum; assumption). lra.
Qed.

(** Thm 9 for every [delta]: the curve meets the diagonal of the wrong guesses. *)
Theorem secrets_bound a : (2 <= K)%nat -> 1 - grown e d n a = (INR K - 1) * a ->
  success N K E M G <= 1 - (INR K - 1) * a.
Proof.
  intros H2 Ha. apply le_INR in H2; simpl in H2.
  set (q := success N K E M G). set (b := (1 - q) / (INR K - 1)).
  assert (Hb : (INR K - 1) * b = 1 - q) by (unfold b; field; lra).
  destruct (grown_line e d He n b) as (s & t & Hs & Hx & Hn).
  pose proof (line_bound s t (fun x _ => Hx x)) as H. fold q in H.
  replace (s * (1 - q)) with ((INR K - 1) * (s * b)) in H by (rewrite <- Hb; ring).
  assert (q <= grown e d n b) by nra.
  destruct (Rle_lt_dec a b) as [Hab|Hab]; [nra|].
  pose proof (grown_mono e d He n b a ltac:(lra)). nra.
Qed.
End Bounds.
