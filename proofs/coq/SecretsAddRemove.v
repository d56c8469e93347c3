(** The star (theory, Thm 9): at a lead of [i] records the leading secret is named
    with the probability that [i] steps allow, and any other secret alike.

    Here every definition is a witness, and nothing new has to be trusted. *)

From Coq Require Import Reals Lra Lia Psatz Arith List.
From Mipriv Require Import Chain Mechanism Datasets Coupling Population Secrets SecretsBound.
Import ListNotations.
Local Open Scope R_scope.

(** * One secret against all others *)

(** [k] is named with probability [q], the others alike. *)
Definition star (K k : nat) (q : R) (o : nat) : R :=
  if (o =? k)%nat then q else (1 - q) / (INR K - 1).

Lemma dp_ext e d N P P' Q Q' : (forall o, (o < N)%nat -> P o = P' o) ->
  (forall o, (o < N)%nat -> Q o = Q' o) -> dp e d N P' Q' -> dp e d N P Q.
Proof.
  intros HP HQ H S. specialize (H S). unfold prob in *.
  rewrite (sum_ext N _ (fun i => if S i then P' i else 0)), (sum_ext N (fun i => if S i then Q i
    else 0)
    (fun i => if S i then Q' i else 0)); [exact H| |]; intros o Ho; destruct (S o); auto.
Qed.

Lemma dist_ext N P P' : (forall o, (o < N)%nat -> P o = P' o) -> is_dist N P' -> is_dist N P.
Proof.
  intros H [H0 H1]; split; [intros i Hi; rewrite H by exact Hi; auto|].
  rewrite (sum_ext N P P'); assumption.
Qed.

Section Star.
Variables (K k : nat).
Hypotheses (HK : (2 <= K)%nat) (Hk : (k < K)%nat).

Lemma star_count : 1 <= INR K - 1.
Proof. pose proof (le_INR 2 K HK) as H; simpl in H; lra. Qed.

(** What an attacker names who knows whether the secret is [k]. *)
Definition told (o : nat) : nat -> R := star K k (match o with O => 1 | _ => 0 end).

Lemma star_dist q : 0 <= q <= 1 -> is_dist K (star K k q).
Proof.
  intros Hq. pose proof star_count as H. unfold star; split.
  - intros i _. destruct (i =? k)%nat; [lra|].
    apply Rmult_le_pos; [lra|]. apply Rlt_le, Rinv_0_lt_compat; lra.
  - rewrite (sum_spot K k), Nat.eqb_refl by exact Hk.
    assert (Hs : sum K (fun _ => (1 - q) / (INR K - 1)) = (1 - q) / (INR K - 1)
      + sum K (fun l => if (l =? k)%nat then 0 else (1 - q) / (INR K - 1)))
      by exact (sum_spot K k (fun _ => (1 - q) / (INR K - 1)) Hk).
    rewrite sum_const in Hs.
    rewrite (sum_ext K (fun l => if (l =? k)%nat then 0 else _)
      (fun l => if (l =? k)%nat then 0 else (1 - q) / (INR K - 1)))
      by (intros l _; destruct (l =? k)%nat; reflexivity).
    assert ((INR K - 1) * ((1 - q) / (INR K - 1)) = 1 - q) by (field; lra). lra.
Qed.

Lemma star_dp e d a b : 1 <= e -> 0 <= d -> 0 <= a <= 1 -> 0 <= b <= 1 ->
  a <= e * b + d -> 1 - a <= e * (1 - b) + d -> dp e d K (star K k a) (star K k b).
Proof.
  intros He Hd Ha Hb H0 H1.
  assert (Hc : forall q o, (o < K)%nat -> star K k q o = sum 2 (fun i => coin q i * told i o)).
  { intros q o _. pose proof star_count. unfold told, star; simpl.
  destruct (o =? k)%nat; [ring|field; lra]. }
  apply (dp_ext e d K _ (fun o => sum 2 (fun i => coin a i * told i o)) _
    (fun o => sum 2 (fun i => coin b i * told i o))); [apply Hc|apply Hc|].
  apply named_dp; [apply coin_dp; assumption|].
  intros [|o] _; apply star_dist; lra.
Qed.
End Star.

Lemma star_tie K k o : (2 <= K)%nat -> star K k (/ INR K) o = / INR K.
Proof.
  intros HK. pose proof (star_count K HK). unfold star. destruct (o =? k)%nat; [reflexivity|].
  field; lra.
Qed.

(** * Votes *)

Definition votes (x : list nat) (k : nat) : nat := count_occ Nat.eq_dec x k.

(** By how many votes [k] is ahead of all others together. *)
Definition ahead_of_all (k : nat) (x : list nat) : nat := 2 * votes x k - length x.

Fixpoint winner (K : nat) (x : list nat) : nat :=
  match K with
  | O => O
  | S k => if (0 <? ahead_of_all k x)%nat then k else winner k x
  end.

Lemma votes_two k l x : k <> l -> (votes x k + votes x l <= length x)%nat.
Proof.
  intros H. unfold votes. induction x as [|r x IH]; simpl; [lia|].
  destruct (Nat.eq_dec r k), (Nat.eq_dec r l); subst; lia || congruence.
Qed.

Lemma votes_insert a b v k :
  (votes (a ++ b) k <= votes (a ++ v :: b) k <= S (votes (a ++ b) k))%nat.
Proof. unfold votes. rewrite !count_occ_app; simpl. destruct (Nat.eq_dec v k); lia. Qed.

Lemma votes_repeat k n : votes (repeat k n) k = n.
Proof.
  unfold votes. induction n as [|n IH]; simpl; [reflexivity|].
  destruct (Nat.eq_dec k k); [rewrite IH; reflexivity|congruence].
Qed.

Lemma winner_range K x : (0 < K)%nat -> (winner K x < K)%nat.
Proof.
  induction K as [|K IH]; intros HK; simpl; [lia|].
  destruct (0 <? ahead_of_all K x)%nat; [lia|]. destruct K; [simpl; lia|].
  specialize (IH ltac:(lia)); lia.
Qed.

Lemma winner_ahead K k x : (k < K)%nat -> (0 < ahead_of_all k x)%nat -> winner K x = k.
Proof.
  intros Hk Ha. induction K as [|K IH]; [lia|]. simpl.
  destruct (Nat.ltb_spec 0 (ahead_of_all K x)) as [H|H].
  - destruct (Nat.eq_dec K k) as [|Hn]; [assumption|].
    pose proof (votes_two K k x Hn). unfold ahead_of_all in *; lia.
  - apply IH. destruct (Nat.eq_dec K k) as [->|]; lia.
Qed.

(** * The mechanism *)

Section Mechanism.
Variables (e d : R) (K : nat).
Hypotheses (He : 1 <= e) (Hd : 0 <= d) (HK : (2 <= K)%nat).

Definition lead_law (k : nat) (x : list nat) : nat -> R :=
  star K k (grown e d (ahead_of_all k x) (/ INR K)).
Definition star_mechanism (x : list nat) : nat -> R := lead_law (winner K x) x.

Lemma uniform_range : 0 <= / INR K <= 1.
Proof.
  pose proof (star_count K HK). split; [apply Rlt_le, Rinv_0_lt_compat; lra|].
  rewrite <- Rinv_1. apply Rinv_le_contravar; lra.
Qed.

Lemma grown_uniform i : 0 <= grown e d i (/ INR K) <= 1.
Proof. pose proof uniform_range as H. pose proof (grown_range e d He Hd i _ H). lra. Qed.

(** Without a winner any secret can stand for it. *)
Lemma lead_law_tie k x : ahead_of_all (winner K x) x = O -> (k < K)%nat ->
  forall o, star_mechanism x o = lead_law k x o.
Proof.
  intros H Hk o. unfold star_mechanism, lead_law. rewrite H.
  destruct (Nat.eq_dec (ahead_of_all k x) 0) as [->|Hn]; [simpl; rewrite !star_tie by exact HK;
    reflexivity|].
  pose proof (winner_ahead K k x Hk ltac:(lia)) as Hw. rewrite Hw in H. lia.
Qed.

Lemma lead_law_dp k x y : (k < K)%nat -> (ahead_of_all k y <= S (ahead_of_all k x))%nat ->
  (ahead_of_all k x <= S (ahead_of_all k y))%nat -> dp e d K (lead_law k x) (lead_law k y).
Proof.
  intros Hk H1 H2. unfold lead_law. set (i := ahead_of_all k x) in *.
  set (j := ahead_of_all k y) in *.
  pose proof (grown_uniform i) as Hi. pose proof (grown_uniform j) as Hj.
  apply star_dp; try assumption;
    (assert (Hc : i = j \/ j = S i \/ i = S j) by lia; destruct Hc as [Hc|[Hc|Hc]]; rewrite Hc in *;
      [nra|cbn [grown] in *|cbn [grown] in *]).
  - pose proof (grow_up e d He Hd _ Hi). nra.
  - apply (grow_spec e d He).
  - apply (grow_spec e d He).
  - pose proof (grow_up e d He Hd _ Hj). nra.
Qed.

Theorem star_mechanism_dp : mechanism (list nat) (add_remove nat) e d K star_mechanism.
Proof.
  assert (Hw : forall x, (winner K x < K)%nat) by (intros; apply winner_range; lia).
  split; [intros x; apply star_dist; [exact HK|apply Hw|apply grown_uniform]|]. intros x y Hxy.
  assert (Hv : forall k, (ahead_of_all k y <= S (ahead_of_all k x))%nat /\
    (ahead_of_all k x <= S (ahead_of_all k y))%nat).
  { intros k. unfold ahead_of_all.
    destruct Hxy as [(a & v & b & -> & ->)|(a & v & b & -> & ->)];
      pose proof (votes_insert a b v k); rewrite !app_length; simpl; lia. }
  destruct (Nat.eq_dec (ahead_of_all (winner K x) x) 0) as [Hx|Hx].
  - apply (dp_ext e d K _ (lead_law (winner K y) x) _ (lead_law (winner K y) y)).
    + intros o _; apply lead_law_tie; auto.
    + reflexivity.
    + apply lead_law_dp; [apply Hw|apply Hv|apply Hv].
  - apply (dp_ext e d K _ (lead_law (winner K x) x) _ (lead_law (winner K x) y)).
    + reflexivity.
    + destruct (Nat.eq_dec (winner K y) (winner K x)) as [<-|Hn]; [reflexivity|].
      intros o _; apply lead_law_tie; auto.
      pose proof (votes_two _ _ x Hn) as H1. pose proof (votes_two _ _ y Hn) as H2.
      unfold ahead_of_all in *. set (k := winner K x) in *; set (l := winner K y) in *.
      destruct Hxy as [(a & v & b & -> & ->)|(a & v & b & -> & ->)];
        pose proof (votes_insert a b v k); pose proof (votes_insert a b v l);
        rewrite !app_length in *; simpl in *; lia.
    + apply lead_law_dp; [apply Hw|apply Hv|apply Hv].
Qed.

Theorem star_attained k n : (k < K)%nat -> star_mechanism (repeat k n) k = grown e d n (/ INR K).
Proof.
  intros Hk. unfold star_mechanism.
  assert (Ha : ahead_of_all k (repeat k n) = n)
    by (unfold ahead_of_all; rewrite votes_repeat, repeat_length; lia).
  assert (Hl : lead_law k (repeat k n) k = grown e d n (/ INR K))
    by (unfold lead_law, star; rewrite Nat.eqb_refl, Ha; reflexivity).
  destruct n as [|n].
  - rewrite <- Hl. apply lead_law_tie; [|exact Hk]. unfold ahead_of_all; reflexivity.
  - rewrite (winner_ahead K k) by (assumption || lia). exact Hl.
Qed.
End Mechanism.

(** Thm 9, add-remove: one learner is worst for every [n]. *)
Theorem add_remove_secrets_attained e d K : 1 <= e -> 0 <= d -> (2 <= K)%nat ->
  exists M, mechanism (list nat) (add_remove nat) e d K M /\
  forall k n, (k < K)%nat -> M (repeat k n) k = grown e d n (/ INR K).
Proof.
  intros He Hd HK. exists (star_mechanism e d K); split; [apply star_mechanism_dp; assumption|].
  intros k n Hk. apply star_attained; assumption.
Qed.

(** Thm 9, add-remove: the largest success. *)
Theorem add_remove_secrets_max e d K n : 1 <= e -> 0 <= d -> (2 <= K)%nat ->
  successes add_remove e d K n (grown e d n (/ INR K)) /\
  forall v, successes add_remove e d K n v -> v <= grown e d n (/ INR K).
Proof.
  intros He Hd HK; split.
  - destruct (add_remove_secrets_attained e d K He Hd HK) as (M & HM & HE).
    apply point_successes with M; auto; lia.
  - intros v. apply add_remove_secrets; auto; lia.
Qed.
