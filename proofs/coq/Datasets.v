(** The bound is attained between two data sets of each usual kind of adjacency
    (theory, Thm 2): so no bound in [e], [d] and [n] alone is smaller. *)
From Coq Require Import Reals Lra Lia List Arith.
From Mipriv Require Import Chain Mechanism.
Import ListNotations.
Local Open Scope R_scope.

Section Concrete.
Variables (e d : R) (n : nat).
Hypotheses (He : 1 <= e) (Hd : 0 <= d).

(** Data sets are lists of records, neighbours differ by one record inserted
    anywhere. *)
Section AddRemove.
Variable record : Type.
Definition grows (x y : list record) : Prop := exists a v b, x = a ++ b /\ y = a ++ v :: b.
Definition add_remove (x y : list record) : Prop := grows x y \/ grows y x.

Theorem add_remove_sharp (v : record) :
  exists M, mechanism (list record) add_remove e d 2 M /\
            tv 2 (M []) (M (repeat v n)) = exact_gap e d n.
Proof.
  assert (Hsym : forall x y, add_remove x y -> add_remove y x) by (unfold add_remove; tauto).
  assert (Hlip : forall x y, add_remove x y -> (length y <= S (length x))%nat).
  { intros x y [(a & u & b & -> & ->)|(a & u & b & -> & ->)]; rewrite !app_length; simpl; lia. }
  exists (extremal_mechanism (list record) e d (@length record) n); split.
  - apply extremal_mechanism_dp; assumption.
  - apply (tv_attained (list record) add_remove); try assumption; [reflexivity|apply repeat_length].
Qed.
End AddRemove.

(** Data sets are lists of bits, neighbours differ in one of them. *)
Definition substitutes (x y : list bool) : Prop :=
  exists a u v b, x = a ++ u :: b /\ y = a ++ v :: b.
Definition ones (x : list bool) : nat := count_occ Bool.bool_dec x true.

Theorem substitution_sharp :
  exists M, mechanism (list bool) substitutes e d 2 M /\
            tv 2 (M (repeat false n)) (M (repeat true n)) = exact_gap e d n.
Proof.
  assert (Hsym : forall x y, substitutes x y -> substitutes y x).
  { intros x y (a & u & v & b & -> & ->); exists a, v, u, b; auto. }
  assert (Hlip : forall x y, substitutes x y -> (ones y <= S (ones x))%nat).
  { intros x y (a & u & v & b & -> & ->). unfold ones; rewrite !count_occ_app; simpl.
    destruct Bool.bool_dec, Bool.bool_dec; lia. }
  exists (extremal_mechanism (list bool) e d ones n); split.
  - apply extremal_mechanism_dp; assumption.
  - apply (tv_attained (list bool) substitutes); try assumption; unfold ones.
    + clear. induction n as [|k IH]; [reflexivity|exact IH].
    + clear. induction n as [|k IH]; [reflexivity|simpl; rewrite IH; reflexivity].
Qed.
End Concrete.
