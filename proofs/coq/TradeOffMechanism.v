(** From curves to mechanisms: the total variation distance between the outputs
    at two datasets [n] steps apart, when any test of any ordered pair of
    neighbours obeys the trade-off curve [f] (theory, Thm 5). *)

From Coq Require Import Reals Lra Lia Psatz Arith.
From Mipriv Require Import Chain Mechanism TradeOff.
Local Open Scope R_scope.

(** Any output space, event by event, as in [event_bound]. *)
Theorem curve_event_bound (f : R -> R) (X Event : Type) (adjacent : X -> X -> Prop)
    (compl : Event -> Event) (M : X -> Event -> R) a (w : nat -> X) n S :
  (forall x y, adjacent x y -> adjacent y x) ->
  (forall x S, 0 <= M x S <= 1) ->
  (forall x S, M x (compl S) = 1 - M x S) ->
  (forall x y S, adjacent x y -> f (M x S) <= 1 - M y S) ->
  (forall k, (k < n)%nat -> adjacent (w k) (w (Datatypes.S k))) ->
  trade_off f -> 0 <= a <= 1 -> f a = a ->
  Rabs (M (w n) S - M (w O) S) <= curve_gap f a n.
Proof.
  intros Hsym Hrange Hcompl Hdp Hw Hf Ha Hfa.
  assert (H : forall T, curve_chain f n (fun k => M (w k) T)).
  { intros T; split; intros k Hk; [apply Hrange|apply Hdp, Hw, Hk|].
    rewrite <- Hcompl. replace (M (w k) T) with (1 - M (w k) (compl T)) by (rewrite Hcompl; ring).
    apply Hdp, Hsym, Hw, Hk. }
  pose proof (curve_bound f Hf n _ (H S) a Ha Hfa) as H1.
  pose proof (curve_bound f Hf n _ (H (compl S)) a Ha Hfa) as H2.
  simpl in H1, H2. rewrite !Hcompl in H2. apply Rabs_le; lra.
Qed.

Definition curve_dp (f : R -> R) (N : nat) (P Q : nat -> R) : Prop :=
  forall S, f (prob N P S) <= 1 - prob N Q S.

(** For two distributions the curve of (eps, delta) says (eps, delta)-DP both ways. *)
Theorem dp_curve_dp e d N P Q : 1 <= e -> is_dist N P -> is_dist N Q ->
  curve_dp (dp_curve e d) N P Q <-> dp e d N P Q /\ dp e d N Q P.
Proof.
  intros He HP HQ. split; [intros H; split; intros S|intros [H1 H2] S].
  - specialize (H (fun i => negb (S i))). apply dp_curve_le in H; [|exact He].
    rewrite !prob_compl in H by assumption. lra.
  - specialize (H S). apply dp_curve_le in H; [lra|exact He].
  - apply dp_curve_le; [exact He|]. pose proof (prob_range N Q S HQ).
    specialize (H1 (fun i => negb (S i))). specialize (H2 S).
    rewrite !prob_compl in H1 by assumption. lra.
Qed.

Section FiniteMechanism.
Variables (f : R -> R) (X : Type) (adjacent : X -> X -> Prop) (a : R).
Hypothesis Hf : trade_off f.
Hypothesis Ha : 0 <= a <= 1.
Hypothesis Hfa : f a = a.
Hypothesis adjacent_sym : forall x y, adjacent x y -> adjacent y x.

Definition curve_mechanism (N : nat) (M : X -> nat -> R) : Prop :=
  (forall x, is_dist N (M x)) /\ (forall x y, adjacent x y -> curve_dp f N (M x) (M y)).

(** Thm 5, upper half. *)
Theorem curve_tv_bound N M (w : nat -> X) n : curve_mechanism N M ->
  (forall k, (k < n)%nat -> adjacent (w k) (w (S k))) ->
  tv N (M (w O)) (M (w n)) <= curve_gap f a n.
Proof.
  intros [Hdist Hdp] Hw. rewrite tv_best_event by apply Hdist.
  eapply Rle_trans; [apply Rle_abs|].
  apply (curve_event_bound f X (nat -> bool) adjacent (fun S i => negb (S i))
           (fun x S => prob N (M x) S)); auto.
  - intros; apply prob_range, Hdist.
  - intros; apply prob_compl, Hdist.
  - intros x y S Hxy; apply Hdp, Hxy.
Qed.

Lemma coin_curve_dp u v : 0 <= u <= 1 -> 0 <= v <= 1 ->
  f u <= 1 - v -> f (1 - u) <= v -> curve_dp f 2 (coin u) (coin v).
Proof.
  intros Hu Hv H1 H2 S. pose proof (curve_range f Hf 0 ltac:(lra)) as F0.
  pose proof (curve_range f Hf 1 ltac:(lra)) as F1. unfold prob; simpl.
  destruct (S O), (S 1%nat); rewrite ?Rplus_0_l, ?Rplus_0_r; try lra.
  replace (u + (1 - u)) with 1 by ring. lra.
Qed.

(** Thm 5, lower half. *)
Theorem curve_tv_attained (r : X -> nat) n :
  (forall x y, adjacent x y -> (r y <= S (r x))%nat) ->
  exists M, curve_mechanism 2 M /\
    forall x y, r x = O -> r y = n -> tv 2 (M x) (M y) = curve_gap f a n.
Proof.
  intros Hr. exists (path_mechanism X (curve_path f a n) r n).
  destruct (curve_path_chain f Hf a n Ha Hfa) as [Hrange Hup Hdown].
  split; [split|].
  - intros x. apply coin_dist, Hrange; lia.
  - intros x y Hxy.
    pose proof (Hr x y Hxy) as H1; pose proof (Hr y x (adjacent_sym x y Hxy)) as H2.
    unfold path_mechanism. set (i := Nat.min (r x) n). set (j := Nat.min (r y) n).
    pose proof (Hrange i ltac:(lia)) as Ri. pose proof (Hrange j ltac:(lia)) as Rj.
    assert (Hc : i = j \/ (j = S i /\ (i < n)%nat) \/ (i = S j /\ (j < n)%nat)) by lia.
    pose proof (fun k => curve_path_step f Hf a n k Ha Hfa) as Hs.
    destruct Hc as [Hc|[[Hc Hl]|[Hc Hl]]]; apply coin_curve_dp; auto; rewrite Hc in *.
    + apply (curve_range f Hf _ Rj).
    + pose proof (curve_range f Hf (1 - curve_path f a n j) ltac:(lra)); lra.
    + apply Hup, Hl.
    + destruct (Hs i Hl) as (Hm & Hu & Hd).
      pose proof (curve_down f Hf (1 - curve_path f a n (S i)) (1 - curve_path f a n i)
        ltac:(lra) ltac:(lra) ltac:(lra)). lra.
    + destruct (Hs j Hl) as (Hm & Hu & Hd).
      pose proof (curve_down f Hf (curve_path f a n j) (curve_path f a n (S j))
        ltac:(lra) ltac:(lra) ltac:(lra)). lra.
    + apply Hdown, Hl.
  - intros x y Hx Hy. unfold tv, path_mechanism. rewrite Hx, Hy, Nat.min_id, Nat.min_0_l.
    destruct (curve_path_ends f a n) as [He <-]. rewrite He.
    pose proof (curve_path_start f Hf a n Ha Hfa). set (q := curve_path f a n O) in *.
    simpl. rewrite (Rabs_left1 (q - (1 - q))), (Rabs_pos_eq (1 - q - _)); lra.
Qed.
End FiniteMechanism.
