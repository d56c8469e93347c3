(** The bounds as they are printed, and how they compare (theory, Thm 1, Thm 2
    and Cor 3). *)

From Coq Require Import Reals Lra Lia Psatz Arith.
From Mipriv Require Import Chain.
Local Open Scope R_scope.

(** * The group-privacy bound *)

(** The poster formula as it is printed, for [e > 1] and for [e = 1]. *)
Lemma poster_gap_printed e d n : 1 < e ->
  poster_gap e d n =
  (e ^ n - 1) / (e ^ n + 1) + 2 * (e ^ n - 1) / ((e ^ n + 1) * (e - 1)) * d.
Proof.
  intros He. pose proof (pow_ge1 e n ltac:(lra)).
  unfold poster_gap. rewrite geo_closed by lra. field; lra.
Qed.

Lemma poster_gap_one d n : poster_gap 1 d n = INR n * d.
Proof. unfold poster_gap; rewrite geo_one, pow1; field. Qed.

(** * The exact bound *)

Lemma div2_even m : Nat.div2 (2 * m) = m.
Proof. rewrite Nat.div2_double; reflexivity. Qed.
Lemma div2_odd m : Nat.div2 (2 * m + 1) = m.
Proof. rewrite Nat.add_1_r, Nat.div2_succ_double; reflexivity. Qed.
Lemma even_even m : Nat.even (2 * m) = true.
Proof. apply Nat.even_spec; exists m; reflexivity. Qed.
Lemma even_odd m : Nat.even (2 * m + 1) = false.
Proof.
  rewrite <- Nat.negb_odd.
  assert (Nat.odd (2 * m + 1) = true) as -> by (apply Nat.odd_spec; exists m; reflexivity).
  reflexivity.
Qed.

(** Thm 2 at [delta = 0], for even and for odd [n]. *)
Lemma exact_gap_pure_even e m : 1 <= e -> exact_gap e 0 (2 * m) = 1 - / e ^ m.
Proof.
  intros He; pose proof (pow_ge1 e m He).
  unfold exact_gap, start, middle; rewrite div2_even, even_even.
  rewrite Rmax_right; [field; lra|].
  rewrite Rmult_0_l, Rminus_0_r. apply Rlt_le, Rdiv_lt_0_compat; lra.
Qed.

Lemma exact_gap_pure_odd e m : 1 <= e ->
  exact_gap e 0 (2 * m + 1) = 1 - 2 * / e ^ m / (1 + e).
Proof.
  intros He; pose proof (pow_ge1 e m He).
  unfold exact_gap, start, middle; rewrite div2_odd, even_odd.
  rewrite Rmax_right; [field; lra|].
  rewrite Rmult_0_l, !Rminus_0_r.
  apply Rlt_le, Rdiv_lt_0_compat; [apply Rdiv_lt_0_compat|]; lra.
Qed.

Theorem pure_bound_even e m p : 1 <= e -> chain e 0 (2 * m) p ->
  p (2 * m)%nat - p O <= 1 - / e ^ m.
Proof.
  intros He Hp; rewrite <- exact_gap_pure_even by exact He; apply exact_bound; auto with real.
Qed.

Theorem pure_bound_odd e m p : 1 <= e -> chain e 0 (2 * m + 1) p ->
  p (2 * m + 1)%nat - p O <= 1 - 2 * / e ^ m / (1 + e).
Proof.
  intros He Hp; rewrite <- exact_gap_pure_odd by exact He; apply exact_bound; auto with real.
Qed.

Theorem pure_attained_even e m : 1 <= e ->
  exists p, chain e 0 (2 * m) p /\ p (2 * m)%nat - p O = 1 - / e ^ m.
Proof.
  intros He; rewrite <- exact_gap_pure_even by exact He; apply exact_attained; auto with real.
Qed.

Theorem pure_attained_odd e m : 1 <= e ->
  exists p, chain e 0 (2 * m + 1) p /\ p (2 * m + 1)%nat - p O = 1 - 2 * / e ^ m / (1 + e).
Proof.
  intros He; rewrite <- exact_gap_pure_odd by exact He; apply exact_attained; auto with real.
Qed.

(** The start of the extremal path with the geometric sums written out. *)
Lemma start_printed e d n : 1 < e ->
  start e d n =
  Rmax 0 (/ e ^ Nat.div2 n * (middle e d n + d / (e - 1)) - d / (e - 1)).
Proof.
  intros He; pose proof (pow_ge1 e (Nat.div2 n) ltac:(lra)).
  unfold start; rewrite geo_closed by lra. f_equal. field; lra.
Qed.

Lemma start_one d n : start 1 d n = Rmax 0 (middle 1 d n - INR (Nat.div2 n) * d).
Proof. unfold start; rewrite geo_one, pow1. f_equal. field. Qed.

(** Thm 2 as the theory states it, [min (1, t1 * S_n)]: [t1] is the gap of one
    step, and [S_n] adds [e ^ -(k/2)], halves rounded down, over [k = 1 .. n]. *)
Fixpoint decays (e : R) (n : nat) : R :=
  match n with O => 0 | S k => decays e k + / e ^ Nat.div2 (S k) end.
Definition one_step (e d : R) : R := (e - 1 + 2 * d) / (e + 1).

Lemma geo_mul e m : geo e m * (e - 1) = e ^ m - 1.
Proof. induction m as [|m IH]; [simpl; ring|].
  simpl. replace (e ^ m) with (geo e m * (e - 1) + 1) by lra. ring.
Qed.

Lemma decays_closed e m : 1 <= e ->
  decays e (2 * m) = (1 + e) * geo e m / e ^ m /\
  decays e (2 * m + 1) = (1 + (1 + e) * geo e m) / e ^ m.
Proof.
  intros He.
  assert (H : decays e (2 * m) = (1 + e) * geo e m / e ^ m).
  { induction m as [|m IH]; [simpl; field|].
    pose proof (pow_ge1 e m He).
    replace (2 * S m)%nat with (S (S (2 * m))) by lia.
    change (decays e (2 * m) + / e ^ Nat.div2 (S (2 * m)) + / e ^ S (Nat.div2 (2 * m))
            = (1 + e) * geo e (S m) / e ^ S m).
    rewrite Nat.div2_succ_double, Nat.div2_double, IH. simpl. field; lra. }
  split; [exact H|]. pose proof (pow_ge1 e m He).
  rewrite Nat.add_1_r. change (decays e (2 * m) + / e ^ Nat.div2 (S (2 * m)) =
    (1 + (1 + e) * geo e m) / e ^ m).
  rewrite Nat.div2_succ_double, H. field; lra.
Qed.

Theorem exact_gap_decays e d n : 1 <= e ->
  exact_gap e d n = Rmin 1 (one_step e d * decays e n).
Proof.
  intros He. pose proof (Nat.div2_odd n) as Hh.
  unfold exact_gap, start, middle. rewrite <- Nat.negb_odd.
  set (m := Nat.div2 n) in *.
  pose proof (pow_ge1 e m He) as HE.
  destruct (decays_closed e m He) as [H0 H1].
  pose proof (geo_mul e m) as G.
  destruct (Nat.odd n); simpl negb in *; simpl Nat.b2n in *; cbn iota.
  - rewrite Hh, H1. unfold one_step.
    replace ((e - 1 + 2 * d) / (e + 1) * ((1 + (1 + e) * geo e m) / e ^ m))
     with (1 - 2 * (((1 - d) / (1 + e) - d * geo e m) / e ^ m)).
    + unfold Rmin, Rmax; repeat destruct Rle_dec; lra.
    + replace (e ^ m) with (geo e m * (e - 1) + 1) by lra. field. split; nra.
  - rewrite Nat.add_0_r in Hh. rewrite Hh, H0. unfold one_step.
    replace ((e - 1 + 2 * d) / (e + 1) * ((1 + e) * geo e m / e ^ m))
     with (1 - 2 * ((/ 2 - d * geo e m) / e ^ m)).
    + unfold Rmin, Rmax; repeat destruct Rle_dec; lra.
    + replace (e ^ m) with (geo e m * (e - 1) + 1) by lra. field. split; nra.
Qed.

(** * In terms of [eps] *)

Lemma exp_pow eps n : exp eps ^ n = exp (INR n * eps).
Proof.
  induction n as [|n IH]; [simpl; rewrite Rmult_0_l, exp_0; reflexivity|].
  rewrite S_INR. simpl pow. rewrite IH, <- exp_plus. f_equal; ring.
Qed.

Theorem poster_tanh eps n :
  poster_gap (exp eps) 0 n = tanh (INR n * eps / 2).
Proof.
  unfold poster_gap, tanh, sinh, cosh. rewrite exp_pow, exp_Ropp.
  set (t := INR n * eps / 2). replace (INR n * eps) with (t + t) by (unfold t; field).
  rewrite exp_plus. pose proof (exp_pos t). set (a := exp t) in *. field. split; nra.
Qed.

(** From the power series: the library's [exp_ineq1_le] and [exp_increasing]
    would add the axiom [Classical_Prop.classic]. *)
Lemma exp_ge1 eps : 0 <= eps -> 1 <= exp eps.
Proof.
  intros H. unfold exp; destruct (exist_exp eps) as [l Hl]; simpl.
  replace 1 with (sum_f_R0 (fun i => / INR (fact i) * eps ^ i) 0) by (simpl; field).
  apply sum_incr; [exact Hl|]. intros i. apply Rmult_le_pos.
  - apply Rlt_le, Rinv_0_lt_compat, INR_fact_lt_0.
  - apply pow_le, H.
Qed.

Theorem exact_pure_even_exp eps m : 0 <= eps ->
  exact_gap (exp eps) 0 (2 * m) = 1 - exp (- (INR m * eps)).
Proof.
  intros H. pose proof (exp_ge1 eps H).
  rewrite exact_gap_pure_even by lra. rewrite exp_pow, exp_Ropp; reflexivity.
Qed.

Theorem exact_pure_odd_exp eps m : 0 <= eps ->
  exact_gap (exp eps) 0 (2 * m + 1) = 1 - 2 * exp (- (INR m * eps)) / (1 + exp eps).
Proof.
  intros H. pose proof (exp_ge1 eps H).
  rewrite exact_gap_pure_odd by lra. rewrite exp_pow, exp_Ropp; reflexivity.
Qed.

(** * Cor 3: where group privacy is tight, and where it is not *)

(** Two steps or more and [eps > 0]: strictly looser, at every [delta]. *)

Theorem exact_lt_poster e d n : 1 < e -> 0 <= d -> (2 <= n)%nat ->
  exact_gap e d n < poster_gap e d n.
Proof.
  intros He Hd Hn.
  pose proof (Nat.div2_odd n) as Hh. unfold exact_gap, start, poster_gap, middle.
  set (m := Nat.div2 n) in *.
  assert (HE : 1 < e ^ m).
  { apply Rlt_pow_R1; [exact He|]. destruct (Nat.odd n); simpl in Hh; lia. }
  pose proof (geo_pos e m ltac:(lra)) as Hg.
  rewrite <- Nat.negb_odd. destruct (Nat.odd n); simpl in Hh |- *.
  - replace n with (m + S m)%nat by lia. rewrite geo_add, pow_add. simpl.
    set (E := e ^ m) in *; set (g := geo e m) in *.
    apply Rle_lt_trans with (1 - 2 * (((1 - d) / (1 + e) - d * g) / E));
      [pose proof (Rmax_r 0 (((1 - d) / (1 + e) - d * g) / E)); lra|].
    assert (0 < E * (e * E) + 1) by nra.
    apply Rminus_gt_0_lt.
    match goal with |- 0 < ?t => replace t with
      (2 * ((E - 1) * (E * e - 1) + d * ((E * E - 1) + g * (1 + e) * (E - 1)))
       / (E * (1 + e) * (E * (e * E) + 1))) by (field; repeat split; nra) end.
    apply Rdiv_lt_0_compat; [|repeat apply Rmult_lt_0_compat; nra].
    assert (0 < (E - 1) * (E * e - 1)) by (apply Rmult_lt_0_compat; nra).
    assert (0 <= g * (1 + e) * (E - 1)) by (repeat apply Rmult_le_pos; lra).
    assert (0 <= d * ((E * E - 1) + g * (1 + e) * (E - 1))) by (apply Rmult_le_pos; nra).
    lra.
  - replace n with (m + m)%nat by lia. rewrite geo_add, pow_add.
    set (E := e ^ m) in *; set (g := geo e m) in *.
    apply Rle_lt_trans with (1 - 2 * ((/ 2 - d * g) / E));
      [pose proof (Rmax_r 0 ((/ 2 - d * g) / E)); lra|].
    assert (0 < E * E + 1) by nra.
    apply Rminus_gt_0_lt.
    match goal with |- 0 < ?t => replace t with
      (((E - 1) * (E - 1) + 2 * d * g * (E - 1)) / (E * (E * E + 1)))
      by (field; repeat split; nra) end.
    apply Rdiv_lt_0_compat; [|nra].
    assert (0 < (E - 1) * (E - 1)) by nra.
    assert (0 <= 2 * d * g * (E - 1)) by (repeat apply Rmult_le_pos; lra).
    lra.
Qed.

(** At [eps = 0], and for one step, the two agree, up to the cap at 1. *)
Theorem exact_eq_poster_one d n : 0 <= d ->
  exact_gap 1 d n = Rmin 1 (poster_gap 1 d n).
Proof.
  intros Hd. rewrite poster_gap_one. unfold exact_gap; rewrite start_one. unfold middle.
  pose proof (Nat.div2_odd n) as Hh. apply (f_equal INR) in Hh.
  rewrite plus_INR, mult_INR in Hh. rewrite <- Nat.negb_odd.
  destruct (Nat.odd n); simpl in Hh |- *;
    set (m := INR (Nat.div2 n)) in *; rewrite Hh;
    unfold Rmax, Rmin; repeat destruct Rle_dec; lra.
Qed.

Theorem exact_eq_poster_single e d : 1 <= e -> 0 <= d <= 1 ->
  exact_gap e d 1 = poster_gap e d 1.
Proof.
  intros He Hd. unfold exact_gap, start, middle, poster_gap; simpl.
  rewrite Rmax_right; [field; lra|].
  rewrite Rmult_0_r, Rminus_0_r. unfold Rdiv; rewrite Rinv_1, Rmult_1_r.
  apply Rmult_le_pos; [lra|]. apply Rlt_le, Rinv_0_lt_compat; lra.
Qed.

(** The exact bound is never looser than group privacy capped at 1. *)
Theorem exact_le_poster e d n : 1 <= e -> 0 <= d ->
  exact_gap e d n <= Rmin 1 (poster_gap e d n).
Proof.
  intros He Hd. apply Rmin_glb.
  - unfold exact_gap, start.
    pose proof (Rmax_l 0 ((middle e d n - d * geo e (Nat.div2 n)) / e ^ Nat.div2 n)). lra.
  - destruct (exact_attained e d n He Hd) as [p [Hp <-]]. apply poster_bound; assumption.
Qed.

Lemma exact_gap_zero e d : exact_gap e d 0 = 0 .
Proof. unfold exact_gap, start, middle; simpl. rewrite Rmax_right; lra. Qed.

Lemma poster_gap_zero e d : 1 <= e -> poster_gap e d 0 = 0.
Proof. intros He; unfold poster_gap; simpl; field. Qed.

(** So group privacy is tight only for one step at most, at [eps = 0], or where
    nothing is protected. *)
Theorem tight_iff e d n : 1 <= e -> 0 <= d <= 1 ->
  exact_gap e d n = Rmin 1 (poster_gap e d n) <->
  (n <= 1)%nat \/ e = 1 \/ exact_gap e d n = 1.
Proof.
  intros He Hd. split.
  - intros H. destruct (Nat.le_gt_cases n 1) as [Hn|Hn]; [auto|].
    destruct (Req_dec e 1) as [H1|H1]; [auto|]. right; right.
    pose proof (exact_lt_poster e d n ltac:(lra) ltac:(lra) ltac:(lia)).
    revert H; unfold Rmin; destruct Rle_dec; lra.
  - pose proof (exact_le_poster e d n He ltac:(lra)) as Hle.
    intros [Hn|[->|H]].
    + destruct n as [|[|n]]; [| |lia].
      * rewrite exact_gap_zero, poster_gap_zero, Rmin_right; lra.
      * rewrite <- exact_eq_poster_single in * by assumption.
        pose proof (Rmin_r 1 (exact_gap e d 1)). lra.
    + apply exact_eq_poster_one; lra.
    + pose proof (Rmin_l 1 (poster_gap e d n)); lra.
Qed.
