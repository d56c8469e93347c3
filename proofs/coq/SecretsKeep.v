(** Keeping the [t] highest votes (theory, Thm 9): replacing one vote replaces at most
    one of the kept.

    The votes for a symbol are stacked.  Layers are taken off the floor, in each layer
    one symbol after the other, until [t] votes are left.  Nothing has to be trusted. *)

From Coq Require Import Lia Arith.
From Mipriv Require Import SecretsNear.

(** * Totals *)

Lemma total_le K c c' : (forall l, l < K -> c l <= c' l) -> total K c <= total K c'.
Proof.
  induction K as [|K IH]; intros H; simpl; [lia|].
  pose proof (H K ltac:(lia)). pose proof (IH ltac:(auto)). lia.
Qed.

Lemma total_same K c c' : (forall l, l < K -> c l <= c' l) -> total K c' <= total K c ->
  forall l, l < K -> c l = c' l.
Proof.
  induction K as [|K IH]; intros H Ht l Hl; [lia|]. simpl in Ht.
  pose proof (H K ltac:(lia)). pose proof (total_le K c c' ltac:(auto)).
  destruct (Nat.eq_dec l K) as [->|]; [lia|]. apply IH; auto; lia.
Qed.

Lemma total_voted K a c : a < K -> total K (voted a c) = S (total K c).
Proof.
  intros Ha. rewrite (total_spot K a (voted a c)), (total_spot K a c) by exact Ha.
  unfold voted at 1. rewrite Nat.eqb_refl.
  simpl. do 2 f_equal. apply total_ext; intros l _. unfold without, voted.
  destruct (l =? a); reflexivity.
Qed.

(** A larger count with one vote more. *)
Lemma one_more K c c' : (forall l, l < K -> c l <= c' l) -> total K c' = S (total K c) ->
  exists x, x < K /\ forall l, l < K -> c' l = voted x c l.
Proof.
  induction K as [|K IH]; intros H Ht; [simpl in Ht; lia|]. simpl in Ht.
  pose proof (H K ltac:(lia)). pose proof (total_le K c c' ltac:(auto)).
  destruct (Nat.eq_dec (c K) (c' K)) as [E|E].
  - destruct (IH ltac:(auto) ltac:(lia)) as (x & Hx & Hc). exists x; split; [lia|].
    intros l Hl. destruct (Nat.eq_dec l K) as [->|]; [|apply Hc; lia].
    unfold voted. rewrite (proj2 (Nat.eqb_neq K x)) by lia. auto.
  - exists K; split; [lia|]. intros l Hl. unfold voted.
  destruct (Nat.eqb_spec l K) as [->|]; [lia|].
    symmetry; apply (total_same K c c'); auto; lia.
Qed.

Lemma total_one K k c : k < K -> c k <= total K c.
Proof. intros Hk. rewrite (total_spot K k) by exact Hk. lia. Qed.

Lemma total_pair K k l c : k < K -> l < K -> k <> l -> c k + c l <= total K c.
Proof.
  intros Hk Hl Hn. rewrite (total_spot K k) by exact Hk.
  pose proof (total_one K l (without O k c) Hl) as H.
  rewrite without_other in H by auto. lia.
Qed.

(** * Taking off [th] votes' room *)

Definition level (K th l : nat) : nat := th / K + if l <? th mod K then 1 else 0.
Definition above (K th : nat) (c : nat -> nat) (l : nat) : nat := c l - level K th l.

(** From [th] down, as long as at most [t] votes are above. *)
Fixpoint cut (K t : nat) (c : nat -> nat) (th : nat) : nat :=
  match th with
  | O => O
  | S f => if total K (above K f c) <=? t then cut K t c f else S f
  end.
Definition kept (K t : nat) (c : nat -> nat) : nat -> nat :=
  above K (cut K t c (K * total K c)) c.

Section Keep.
Variable K : nat.
Hypothesis HK : 0 < K.

Lemma level_step th l : l < K ->
  level K (S th) l = level K th l + if l =? th mod K then 1 else 0.
Proof.
  intros Hl. pose proof (Nat.div_mod_eq th K) as E.
  pose proof (Nat.mod_upper_bound th K ltac:(lia)).
  set (q := th / K) in *. set (r := th mod K) in *. unfold level. fold q r.
  destruct (Nat.eq_dec (S r) K) as [Hr|Hr].
  - rewrite <- (Nat.div_unique (S th) K (S q) 0), <- (Nat.mod_unique (S th) K (S q) 0) by lia.
    destruct (Nat.ltb_spec l r), (Nat.eqb_spec l r), (Nat.ltb_spec l 0); lia.
  - rewrite <- (Nat.div_unique (S th) K q (S r)), <- (Nat.mod_unique (S th) K q (S r)) by lia.
    destruct (Nat.ltb_spec l r), (Nat.eqb_spec l r), (Nat.ltb_spec l (S r)); lia.
Qed.

Lemma level_mono th th' l : l < K -> th <= th' -> level K th l <= level K th' l.
Proof. intros Hl; induction 1; [lia|]. rewrite level_step by exact Hl. lia. Qed.

Lemma level_even th k l : level K th k <= S (level K th l).
Proof. unfold level. destruct (k <? th mod K), (l <? th mod K); lia. Qed.

Lemma above_step th c : total K (above K th c) <= S (total K (above K (S th) c)).
Proof.
  rewrite <- (total_voted K (th mod K)) by (apply Nat.mod_upper_bound; lia).
  apply total_le; intros l Hl. unfold above, voted. rewrite level_step by exact Hl.
  destruct (l =? th mod K); lia.
Qed.

Lemma cut_total t c th : t <= total K c -> total K (above K th c) <= t ->
  total K (above K (cut K t c th) c) = t.
Proof.
  intros Ht; induction th as [|th IH]; simpl; intros H.
  - assert (total K c = total K (above K 0 c)); [|lia].
    apply total_ext; intros l _. unfold above, level.
    rewrite Nat.div_0_l, Nat.mod_0_l by lia. simpl; lia.
  - destruct (Nat.leb_spec (total K (above K th c)) t) as [Hl|Hl]; [auto|].
    pose proof (above_step th c). lia.
Qed.

Lemma kept_total t c : t <= total K c -> total K (kept K t c) = t.
Proof.
  intros Ht. apply cut_total; [exact Ht|].
  assert (H : total K (above K (K * total K c) c) <= total K (fun _ => 0)).
  { apply total_le; intros l Hl. unfold above, level.
    rewrite (Nat.mul_comm K), Nat.div_mul by lia. pose proof (total_one K l c Hl). lia. }
  assert (Hz : forall k, total k (fun _ => 0) = 0) by (induction k; simpl; lia).
  rewrite Hz in H. lia.
Qed.

Lemma kept_ext t c c' : (forall l, l < K -> c l = c' l) ->
  forall l, l < K -> kept K t c l = kept K t c' l.
Proof.
  intros H l Hl. unfold kept. rewrite (total_ext K c c' H).
  assert (Hc : forall th, cut K t c th = cut K t c' th).
  { induction th as [|th IH]; simpl; [reflexivity|].
    rewrite (total_ext K (above K th c) (above K th c')), IH; [reflexivity|].
    intros i Hi; unfold above; rewrite H by exact Hi; reflexivity. }
  rewrite Hc. unfold above. rewrite H by exact Hl. reflexivity.
Qed.

(** With one vote more and one more kept, the old kept votes stay. *)
Theorem kept_voted t a c : a < K -> t <= total K c ->
  exists x, x < K /\ forall l, l < K -> kept K (S t) (voted a c) l = voted x (kept K t c) l.
Proof.
  intros Ha Ht. pose proof (total_voted K a c Ha) as Hp.
  pose proof (kept_total t c Ht) as H1. pose proof (kept_total (S t) (voted a c) ltac:(lia)) as H2.
  apply one_more; [|lia]. revert H1 H2. unfold kept.
  set (i := cut K t c _). set (j := cut K (S t) (voted a c) _). intros H1 H2.
  assert (Hc : forall l, c l <= voted a c l) by (intros l; unfold voted; destruct (l =? a); lia).
  destruct (Nat.le_gt_cases j i) as [Hij|Hij].
  - intros l Hl. pose proof (level_mono j i l Hl Hij). specialize (Hc l). unfold above. lia.
  - assert (Hj : forall l, l < K -> above K j (voted a c) l = above K i (voted a c) l).
    { apply total_same; [intros l Hl; pose proof (level_mono i j l Hl ltac:(lia)); unfold above;
      lia|].
      rewrite H2, <- H1, <- (total_voted K a) by exact Ha. apply total_le; intros l _.
      unfold above, voted. destruct (l =? a); lia. }
    intros l Hl. rewrite Hj by exact Hl. specialize (Hc l). unfold above. lia.
Qed.

(** If [k] has [j] of [n] votes, the [j - (n - j)] highest votes are all for [k]. *)
Theorem kept_leader t k c : k < K -> total K c + t = 2 * c k ->
  kept K t c k = t /\ forall l, l < K -> l <> k -> kept K t c l = 0.
Proof.
  intros Hk Ht. pose proof (total_one K k c Hk).
  pose proof (kept_total t c ltac:(lia)) as Hs.
  assert (Hz : forall l, l < K -> l <> k -> kept K t c l = 0).
  { intros l Hl Hn. pose proof (total_pair K k l c Hk Hl ltac:(auto)).
    pose proof (total_pair K k l (kept K t c) Hk Hl ltac:(auto)) as H2. rewrite Hs in H2.
    unfold kept in *. set (th := cut K t c _) in *. pose proof (level_even th k l).
    unfold above in *. lia. }
  split; [|exact Hz]. rewrite (total_spot K k) in Hs by exact Hk.
  rewrite (total_ext K _ (fun _ => 0)) in Hs.
  - assert (Hn : forall m, total m (fun _ => 0) = 0) by (induction m; simpl; lia).
    rewrite Hn in Hs. lia.
  - intros l Hl. unfold without. destruct (Nat.eqb_spec l k); auto.
Qed.
End Keep.
