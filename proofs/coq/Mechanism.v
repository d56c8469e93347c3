(** From chains to mechanisms: the total variation distance between the outputs
    of an (eps, delta)-DP mechanism at two datasets [n] steps apart (theory,
    Thm 2), on any graph of datasets. *)

From Coq Require Import Reals Lra Lia Psatz Arith.
From Mipriv Require Import Chain.
Local Open Scope R_scope.

(** * Any output space: the bound, event by event *)

(** Of the event algebra only complements are used, so this covers continuous
    outputs too.  [M x S] is the probability that the output at [x] falls in
    [S]; [w] is a path of neighbours from [w 0] to [w n]. *)
Section AnyOutput.
Variables (X Event : Type) (adjacent : X -> X -> Prop).
Variables (compl : Event -> Event) (M : X -> Event -> R).
Variables (e d : R).
Hypothesis adjacent_sym : forall x y, adjacent x y -> adjacent y x.
Hypothesis M_range : forall x S, 0 <= M x S <= 1.
Hypothesis M_compl : forall x S, M x (compl S) = 1 - M x S.
Hypothesis M_dp : forall x y S, adjacent x y -> M x S <= e * M y S + d.

Lemma mechanism_chain (w : nat -> X) n S :
  (forall k, (k < n)%nat -> adjacent (w k) (w (Datatypes.S k))) ->
  chain e d n (fun k => M (w k) S).
Proof.
  intros Hw; split; intros k Hk.
  - apply M_range.
  - apply M_dp, adjacent_sym, Hw, Hk.
  - rewrite <- !M_compl. apply M_dp, Hw, Hk.
Qed.

Theorem event_bound (w : nat -> X) n S : 1 <= e ->
  (forall k, (k < n)%nat -> adjacent (w k) (w (Datatypes.S k))) ->
  Rabs (M (w n) S - M (w O) S) <= exact_gap e d n.
Proof.
  intros He Hw.
  pose proof (exact_bound e d n _ He (mechanism_chain w n S Hw)) as H1.
  pose proof (exact_bound e d n _ He (mechanism_chain w n (compl S) Hw)) as H2.
  simpl in H1, H2. rewrite !M_compl in H2. apply Rabs_le; lra.
Qed.
End AnyOutput.

(** * Finite output spaces [0 .. N-1], all events, total variation *)

(** [prob] and [dp] speak of every event, a set of outputs given as a boolean
    function; [tv] is half the l1 distance, which [tv_best_event] and
    [event_le_tv] show to be the largest difference over events. *)
Fixpoint sum (N : nat) (f : nat -> R) : R :=
  match N with O => 0 | S k => sum k f + f k end.

Definition is_dist (N : nat) (P : nat -> R) : Prop :=
  (forall i, (i < N)%nat -> 0 <= P i) /\ sum N P = 1.
Definition prob (N : nat) (P : nat -> R) (S : nat -> bool) : R :=
  sum N (fun i => if S i then P i else 0).
Definition dp (e d : R) (N : nat) (P Q : nat -> R) : Prop :=
  forall S, prob N P S <= e * prob N Q S + d.
Definition tv (N : nat) (P Q : nat -> R) : R :=
  / 2 * sum N (fun i => Rabs (P i - Q i)).

Lemma sum_ext N f g : (forall i, (i < N)%nat -> f i = g i) -> sum N f = sum N g.
Proof.
  induction N as [|N IH]; intros H; simpl; [reflexivity|].
  rewrite H by lia. rewrite IH; [reflexivity|auto with arith].
Qed.

Lemma sum_le N f g : (forall i, (i < N)%nat -> f i <= g i) -> sum N f <= sum N g.
Proof.
  induction N as [|N IH]; intros H; simpl; [lra|].
  apply Rplus_le_compat; [apply IH; auto with arith|apply H; lia].
Qed.

Lemma sum_lin N a b f g : sum N (fun i => a * f i + b * g i) = a * sum N f + b * sum N g.
Proof. induction N as [|N IH]; simpl; [lra|rewrite IH; lra]. Qed.

Lemma sum_zero N : sum N (fun _ => 0) = 0.
Proof. induction N as [|N IH]; simpl; [|rewrite IH]; lra. Qed.

Lemma prob_range N P S : is_dist N P -> 0 <= prob N P S <= 1.
Proof.
  intros [Hp H1]; unfold prob; split.
  - apply Rle_trans with (sum N (fun _ => 0)); [rewrite sum_zero; lra|].
    apply sum_le; intros i Hi; simpl. destruct (S i); [auto|lra].
  - rewrite <- H1. apply sum_le; intros i Hi; simpl. destruct (S i); [apply Rle_refl|auto].
Qed.

Lemma prob_compl N P S : is_dist N P -> prob N P (fun i => negb (S i)) = 1 - prob N P S.
Proof.
  intros [_ H1]; unfold prob. rewrite <- H1.
  replace (sum N P - sum N (fun i => if S i then P i else 0))
    with (1 * sum N P + -1 * sum N (fun i => if S i then P i else 0)) by lra.
  rewrite <- sum_lin. apply sum_ext; intros i _. destruct (S i); simpl; lra.
Qed.

(** The event on which total variation is attained: where [P] is not larger. *)
Definition best_event (P Q : nat -> R) (i : nat) : bool :=
  if Rle_dec (P i) (Q i) then true else false.

Lemma tv_best_event N P Q : is_dist N P -> is_dist N Q ->
  tv N P Q = prob N Q (best_event P Q) - prob N P (best_event P Q).
Proof.
  intros [_ HP] [_ HQ]; unfold tv, prob, best_event.
  set (fP := fun i => if if Rle_dec (P i) (Q i) then true else false then P i else 0).
  set (fQ := fun i => if if Rle_dec (P i) (Q i) then true else false then Q i else 0).
  assert (H : sum N (fun i => Rabs (P i - Q i)) =
    1 * (2 * sum N fQ + -2 * sum N fP) + 1 * (1 * sum N P + -1 * sum N Q)).
  { rewrite <- !sum_lin. apply sum_ext; intros i _. unfold fP, fQ, Rabs.
    destruct Rle_dec, Rcase_abs; lra. }
  rewrite H, HP, HQ; lra.
Qed.

Lemma event_le_tv N P Q S : is_dist N P -> is_dist N Q ->
  Rabs (prob N P S - prob N Q S) <= tv N P Q.
Proof.
  intros [_ HP] [_ HQ]; unfold tv, prob.
  set (fP := fun i => if S i then P i else 0). set (fQ := fun i => if S i then Q i else 0).
  assert (Hh : forall s, (s = 1 \/ s = -1) ->
    2 * s * (sum N fP - sum N fQ) <= sum N (fun i => Rabs (P i - Q i))).
  { intros s Hs.
    replace (2 * s * (sum N fP - sum N fQ)) with
      (1 * (2 * s * sum N fP + - (2 * s) * sum N fQ) + (- s) * (1 * sum N P + -1 * sum N Q))
      by (rewrite HP, HQ; lra).
    rewrite <- !sum_lin. apply sum_le; intros i _. unfold fP, fQ, Rabs.
    destruct (S i), Rcase_abs, Hs; subst s; lra. }
  pose proof (Hh 1 ltac:(lra)); pose proof (Hh (-1) ltac:(lra)).
  apply Rabs_le; lra.
Qed.

(** * The bound for mechanisms, and one that attains it *)

Section FiniteMechanism.
Variables (X : Type) (adjacent : X -> X -> Prop) (e d : R).
Hypothesis adjacent_sym : forall x y, adjacent x y -> adjacent y x.

Definition mechanism (N : nat) (M : X -> nat -> R) : Prop :=
  (forall x, is_dist N (M x)) /\ (forall x y, adjacent x y -> dp e d N (M x) (M y)).

(** Thm 2, upper half. *)
Theorem tv_bound N M (w : nat -> X) n : 1 <= e -> mechanism N M ->
  (forall k, (k < n)%nat -> adjacent (w k) (w (S k))) ->
  tv N (M (w O)) (M (w n)) <= exact_gap e d n.
Proof.
  intros He [Hdist Hdp] Hw. rewrite tv_best_event by apply Hdist.
  eapply Rle_trans; [apply Rle_abs|].
  apply (event_bound X (nat -> bool) adjacent (fun S i => negb (S i))
           (fun x S => prob N (M x) S)); auto.
  - intros; apply prob_range, Hdist.
  - intros; apply prob_compl, Hdist.
  - intros x y S Hxy; apply Hdp, Hxy.
Qed.

(** A path of probabilities [p 0 .. p n] as a mechanism of two outputs on the
    whole dataset graph.  [r] is the distance to the first dataset, or any
    function that moves by at most one along an edge (a count, for instance). *)
Definition coin (q : R) (i : nat) : R := match i with O => q | _ => 1 - q end.
Definition path_mechanism (p : nat -> R) (r : X -> nat) (n : nat) (x : X) : nat -> R :=
  coin (p (Nat.min (r x) n)).

Lemma coin_dist q : 0 <= q <= 1 -> is_dist 2 (coin q).
Proof. intros Hq; split; [intros [|i] _; simpl; lra|simpl; lra]. Qed.

Lemma coin_dp a b : 0 <= a <= 1 -> 0 <= b <= 1 -> 1 <= e -> 0 <= d ->
  a <= e * b + d -> 1 - a <= e * (1 - b) + d -> dp e d 2 (coin a) (coin b).
Proof.
  intros Ha Hb He Hd H0 H1 S; unfold prob; simpl. destruct (S O), (S 1%nat); nra.
Qed.

Theorem path_mechanism_dp p r n : 1 <= e -> 0 <= d -> chain e d n p ->
  (forall k, (k < n)%nat -> p k <= p (S k)) ->
  (forall x y, adjacent x y -> (r y <= S (r x))%nat) ->
  mechanism 2 (path_mechanism p r n).
Proof.
  intros He Hd [Hrange Hup Hdown] Hmono Hr. split.
  - intros x. apply coin_dist, Hrange; lia.
  - intros x y Hxy.
    pose proof (Hr x y Hxy) as H1; pose proof (Hr y x (adjacent_sym x y Hxy)) as H2.
    unfold path_mechanism. set (i := Nat.min (r x) n). set (j := Nat.min (r y) n).
    pose proof (Hrange i ltac:(lia)) as Ri. pose proof (Hrange j ltac:(lia)) as Rj.
    assert (Hc : i = j \/ (j = S i /\ (i < n)%nat) \/ (i = S j /\ (j < n)%nat)) by lia.
    destruct Hc as [Hc|[[Hc Hl]|[Hc Hl]]]; apply coin_dp; auto; rewrite Hc in *.
    + nra.
    + nra.
    + specialize (Hmono i Hl); nra.
    + specialize (Hdown i Hl); nra.
    + specialize (Hup j Hl); nra.
    + specialize (Hmono j Hl); nra.
Qed.

(** Thm 2, lower half. *)
Definition extremal_mechanism (r : X -> nat) (n : nat) : X -> nat -> R :=
  path_mechanism (extremal e d n) r n.

Theorem extremal_mechanism_dp r n : 1 <= e -> 0 <= d ->
  (forall x y, adjacent x y -> (r y <= S (r x))%nat) ->
  mechanism 2 (extremal_mechanism r n).
Proof.
  intros He Hd Hr. apply path_mechanism_dp; try assumption.
  - apply extremal_chain; assumption.
  - intros k Hk; apply extremal_mono; assumption.
Qed.

Theorem tv_attained r n x y : 1 <= e -> 0 <= d ->
  (forall u v, adjacent u v -> (r v <= S (r u))%nat) ->
  r x = O -> r y = n ->
  tv 2 (extremal_mechanism r n x) (extremal_mechanism r n y) = exact_gap e d n.
Proof.
  intros He Hd Hr Hx Hy.
  assert (H0 : extremal e d n O <= / 2).
  { pose proof (middle_range e d n He Hd) as Hm.
    rewrite extremal_left by lia. apply (tail_range e d _ _ He Hd Hm). }
  unfold tv, extremal_mechanism, path_mechanism. rewrite Hx, Hy, Nat.min_id, Nat.min_0_l.
  rewrite extremal_end by assumption. unfold exact_gap.
  rewrite <- extremal_start by assumption. set (q := extremal e d n O) in *.
  simpl. rewrite (Rabs_left1 (q - (1 - q))), (Rabs_pos_eq (1 - q - _)); lra.
Qed.
End FiniteMechanism.
