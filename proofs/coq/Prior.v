(** Guessing under a prior: what the least error of theory, Thm 8, rests on.

    The secret is 1 with probability [pi]; it selects the first or the last
    dataset of a path of [n] steps, and the attacker guesses 1 on an event of
    probabilities [p 0 .. p n].  The two error rates are [p 0] and [1 - p n]. *)

From Coq Require Import Reals Lra Lia Psatz Arith.
From Mipriv Require Import Chain Mechanism.
Local Open Scope R_scope.

Definition error (pi a b : R) : R := (1 - pi) * a + pi * (1 - b).

(** * The region of the two error rates *)

(** The odds fall beyond one of the ends, or between two neighbouring slopes. *)
Lemma odds_cases e pi n : 1 <= e ->
  (1 - pi) * e ^ n <= pi \/ pi * e ^ n <= 1 - pi \/
  exists i, (i < n)%nat /\ pi * e ^ (2 * i) < (1 - pi) * e ^ n <= pi * e ^ (2 * S i).
Proof.
  intros He. destruct (Rle_lt_dec (pi * e ^ n) (1 - pi)) as [H|H]; [auto|].
  assert (Hs : forall j, (j <= n)%nat -> (1 - pi) * e ^ n <= pi * e ^ (2 * j) ->
    (1 - pi) * e ^ n <= pi \/
    exists i, (i < n)%nat /\ pi * e ^ (2 * i) < (1 - pi) * e ^ n <= pi * e ^ (2 * S i)).
  { induction j as [|j IH]; intros Hj Hle; [left; simpl in Hle; lra|].
    destruct (Rle_lt_dec ((1 - pi) * e ^ n) (pi * e ^ (2 * j))) as [Hc|Hc].
    - apply IH; [lia|exact Hc].
    - right; exists j; auto. }
  destruct (Rle_lt_dec ((1 - pi) * e ^ n) (pi * e ^ (2 * n))) as [Hc|Hc].
  - destruct (Hs n (Nat.le_refl n) Hc); auto.
  - right; left. replace (2 * n)%nat with (n + n)%nat in Hc by lia. rewrite pow_add in Hc.
    pose proof (pow_ge1 e n He). nra.
Qed.

(** A half-plane between two neighbouring ones through the origin. *)
Lemma between e pi n i a b : 1 <= e -> (i < n)%nat ->
  pi * e ^ (2 * i) < (1 - pi) * e ^ n <= pi * e ^ (2 * S i) ->
  0 <= e ^ i * a + e ^ (n - i) * b -> 0 <= e ^ S i * a + e ^ (n - S i) * b ->
  0 <= (1 - pi) * a + pi * b.
Proof.
  intros He Hi [Hl Hr] H0 H1.
  replace (n - i)%nat with (S (n - 1 - i)) in H0 by lia.
  replace (n - S i)%nat with (n - 1 - i)%nat in H1 by lia.
  replace n with (S (i + (n - 1 - i)))%nat in Hl, Hr by lia.
  replace (2 * S i)%nat with (S (S (i + i))) in Hr by lia.
  replace (2 * i)%nat with (i + i)%nat in Hl by lia. simpl in Hl, Hr, H0, H1.
  rewrite !pow_add in Hl, Hr.
  pose proof (pow_ge1 e i He) as HA. pose proof (pow_ge1 e (n - 1 - i) He) as HB.
  set (A := e ^ i) in *. set (B := e ^ (n - 1 - i)) in *.
  assert (He1 : 1 < e).
  { apply Rnot_le_lt; intros Hc. replace e with 1 in * by lra. lra. }
  assert (Hv : pi * A <= e * (1 - pi) * B) by nra.
  assert (Hu : (1 - pi) * B <= e * pi * A).
  { apply Rmult_le_reg_l with (e * A); nra. }
  apply Rmult_le_reg_l with (A * B * ((e - 1) * (1 + e))); [repeat apply Rmult_lt_0_compat; lra|].
  rewrite Rmult_0_r.
  replace (A * B * ((e - 1) * (1 + e)) * ((1 - pi) * a + pi * b))
    with ((e * pi * A - (1 - pi) * B) * (A * a + e * B * b)
          + (e * (1 - pi) * B - pi * A) * (e * A * a + B * b)) by ring.
  apply Rplus_le_le_0_compat; apply Rmult_le_pos; lra.
Qed.

(** Going up [j] steps and down the other [n - j]. *)
Lemma line e d n p j : 1 <= e -> chain e d n p -> (j <= n)%nat ->
  1 - d * geo e j - d * geo e (n - j) <= e ^ j * p O + e ^ (n - j) * (1 - p n).
Proof.
  intros He Hp Hj. pose proof (up_steps e d n p He Hp 0 j ltac:(lia)) as Hu.
  pose proof (down_steps e d n p He Hp j (n - j) ltac:(lia)) as Hd.
  replace (j + (n - j))%nat with n in Hd by lia. simpl in Hu. lra.
Qed.

(** * Mechanisms *)

(** What holds for every chain holds for every mechanism.  Any output space: the
    attacker guesses 1 on the event [S]. *)
Theorem event_error_bound (X Event : Type) (adjacent : X -> X -> Prop)
    (compl : Event -> Event) (M : X -> Event -> R) e d pi least (w : nat -> X) n S :
  (forall x y, adjacent x y -> adjacent y x) ->
  (forall x S, 0 <= M x S <= 1) ->
  (forall x S, M x (compl S) = 1 - M x S) ->
  (forall x y S, adjacent x y -> M x S <= e * M y S + d) ->
  (forall k, (k < n)%nat -> adjacent (w k) (w (Datatypes.S k))) ->
  (forall p, chain e d n p -> least <= error pi (p O) (p n)) ->
  least <= error pi (M (w O) S) (M (w n) S).
Proof.
  intros Hsym Hrange Hcompl Hdp Hw Hleast.
  exact (Hleast _ (mechanism_chain X Event adjacent compl M e d Hsym Hrange Hcompl Hdp w n S Hw)).
Qed.

(** A randomised attacker on [N] outputs guesses 1 with probability [g i] when
    it sees [i]; [P] and [Q] are the laws of the output under secret 0 and 1. *)
Definition guess_error (pi : R) (N : nat) (P Q g : nat -> R) : R :=
  sum N (fun i => (1 - pi) * P i * g i + pi * Q i * (1 - g i)).

(** Guess 1 exactly where it is at least as likely. *)
Definition likelier (pi : R) (P Q : nat -> R) (i : nat) : bool :=
  if Rle_dec ((1 - pi) * P i) (pi * Q i) then true else false.

Lemma likelier_best pi N P Q g : is_dist N Q ->
  (forall i, (i < N)%nat -> 0 <= g i <= 1) ->
  error pi (prob N P (likelier pi P Q)) (prob N Q (likelier pi P Q)) <= guess_error pi N P Q g.
Proof.
  intros [_ HQ] Hg. unfold error, prob, guess_error.
  set (fP := fun i => if likelier pi P Q i then P i else 0).
  set (fQ := fun i => if likelier pi P Q i then Q i else 0).
  replace ((1 - pi) * sum N fP + pi * (1 - sum N fQ))
    with (1 * ((1 - pi) * sum N fP + - pi * sum N fQ) + pi * sum N Q) by (rewrite HQ; ring).
  rewrite <- !sum_lin. apply sum_le; intros i Hi. specialize (Hg i Hi).
  unfold fP, fQ, likelier. destruct Rle_dec; nra.
Qed.

Section FiniteMechanism.
Variables (X : Type) (adjacent : X -> X -> Prop) (e d pi : R).
Hypothesis adjacent_sym : forall x y, adjacent x y -> adjacent y x.

(** No attacker on any mechanism errs less than all chains do. *)
Theorem guess_error_bound N M (w : nat -> X) n g least : 0 <= pi <= 1 ->
  mechanism X adjacent e d N M ->
  (forall k, (k < n)%nat -> adjacent (w k) (w (S k))) ->
  (forall i, (i < N)%nat -> 0 <= g i <= 1) ->
  (forall p, chain e d n p -> least <= error pi (p O) (p n)) ->
  least <= guess_error pi N (M (w O)) (M (w n)) g.
Proof.
  intros Hpi [Hdist Hdp] Hw Hg Hleast.
  eapply Rle_trans; [|apply likelier_best; [apply Hdist|exact Hg]].
  apply (event_error_bound X (nat -> bool) adjacent (fun S i => negb (S i))
           (fun x S => prob N (M x) S) e d); auto.
  - intros; apply prob_range, Hdist.
  - intros; apply prob_compl, Hdist.
  - intros x y S Hxy; apply Hdp, Hxy.
Qed.

(** One mechanism and one attacker err as a monotone chain does. *)
Theorem guess_error_attained p (r : X -> nat) n : 1 <= e -> 0 <= d -> chain e d n p ->
  (forall k, (k < n)%nat -> p k <= p (S k)) ->
  (forall x y, adjacent x y -> (r y <= S (r x))%nat) ->
  exists M g, mechanism X adjacent e d 2 M /\ (forall i, 0 <= g i <= 1) /\
    forall x y, r x = O -> r y = n ->
    guess_error pi 2 (M x) (M y) g = error pi (p O) (p n).
Proof.
  intros He Hd Hp Hmono Hr.
  exists (path_mechanism X p r n), (fun i => match i with O => 1 | _ => 0 end).
  split; [|split].
  - apply path_mechanism_dp; assumption.
  - intros [|i]; lra.
  - intros x y Hx Hy. unfold guess_error, path_mechanism, error.
    rewrite Hx, Hy, Nat.min_id, Nat.min_0_l. simpl. ring.
Qed.
End FiniteMechanism.
