(** The closed forms of the means over populations (theory, Thm 6 and Thm 7), for
    [eps > 0].  Where [exact_gap] is capped at 1 they are upper bounds.

    A reader has to trust nothing new: the theorems in terms of [eps], at the end,
    use no definition of this file. *)

From Coq Require Import Reals Lra Lia Psatz Arith.
From Mipriv Require Import Chain ClosedForms Mechanism Binomial Leader.
Local Open Scope R_scope.

(** [s] stands for [exp (- eps / 2)]; then [sigma] is [1 / cosh (eps / 2)], and
    [c] is [1 + 2 delta / (exp eps - 1)]. *)
Definition sigma (s : R) : R := 2 * s / (1 + s * s).
Definition ceiling (s d : R) : R := 1 + 2 * d / (/ (s * s) - 1).

(** The gap before the cap, as a mixture of two geometric rates. *)
Definition rate_gap (s : R) (k : nat) : R :=
  1 - (1 + sigma s) / 2 * s ^ k - (1 - sigma s) / 2 * (- s) ^ k.

Section Forms.
Variables (s d : R).
Hypotheses (Hs : 0 < s < 1) (Hd : 0 <= d).
Let e := / (s * s).
Let c := ceiling s d.

Lemma rate_base : 1 < e.
Proof. unfold e. rewrite <- Rinv_1. apply Rinv_lt_contravar; nra. Qed.

Lemma ceiling_pos : 0 < c.
Proof.
  pose proof rate_base. unfold c, ceiling. fold e.
  assert (0 <= 2 * d / (e - 1)); [|lra].
  apply Rmult_le_pos; [lra|]. apply Rlt_le, Rinv_0_lt_compat; lra.
Qed.

Lemma sigma_range : s <= sigma s <= 1.
Proof.
  unfold sigma. assert (2 * s / (1 + s * s) * (1 + s * s) = 2 * s) by (field; nra).
  set (q := 2 * s / (1 + s * s)) in *. split; nra.
Qed.

(** One step of the extremal path without the cap. *)
Lemma rate_step k : (1 - c * rate_gap s (S (S k))) / 2 = ((1 - c * rate_gap s k) / 2 - d) / e.
Proof.
  unfold rate_gap, c, ceiling, e. set (a := sigma s).
  cbn [pow]. set (x := s ^ k); set (y := (- s) ^ k). field. nra.
Qed.

Lemma start_rate k : start e d k = Rmax 0 ((1 - c * rate_gap s k) / 2).
Proof.
  pose proof rate_base as He.
  enough (start e d k = Rmax 0 ((1 - c * rate_gap s k) / 2)
    /\ start e d (S k) = Rmax 0 ((1 - c * rate_gap s (S k)) / 2)) by tauto.
  induction k as [|k [IH IH']].
  - rewrite start_zero, start_first by lra. unfold rate_gap; cbn [pow]. split.
    + rewrite Rmax_right; lra.
    + f_equal. unfold c, ceiling, e, sigma. field. repeat split; nra.
  - split; [exact IH'|]. rewrite start_two, IH, rate_step by lra.
    set (u := (1 - c * rate_gap s k) / 2).
    assert (0 < / e) by (apply Rinv_0_lt_compat; lra).
    unfold Rdiv. unfold Rmax at 2. destruct (Rle_dec 0 u); [reflexivity|].
    rewrite !Rmax_left; nra.
Qed.

(** [exact_gap], printed as in the theory: for every [k], capped at 1. *)
Theorem exact_gap_rate k : exact_gap e d k = Rmin 1 (c * rate_gap s k).
Proof.
  unfold exact_gap. rewrite start_rate. unfold Rmax, Rmin; do 2 destruct Rle_dec; lra.
Qed.

Lemma pow_opp k : - s ^ k <= (- s) ^ k <= s ^ k.
Proof.
  induction k as [|k IH]; cbn [pow]; [lra|]. nra.
Qed.

Lemma rate_gap_mono k : rate_gap s k <= rate_gap s (S k).
Proof.
  pose proof sigma_range. pose proof (pow_opp k). pose proof (pow_lt s k ltac:(lra)).
  unfold rate_gap; cbn [pow].
  set (a := sigma s) in *. set (x := s ^ k) in *; set (y := (- s) ^ k) in *.
  assert (0 <= (1 - a) * (1 + s) * (y + x)) by (repeat apply Rmult_le_pos; lra).
  assert (0 <= (a - s) * x) by (apply Rmult_le_pos; lra). nra.
Qed.

Lemma rate_gap_le1 k : rate_gap s k <= 1.
Proof.
  pose proof sigma_range. pose proof (pow_opp k). pose proof (pow_lt s k ltac:(lra)).
  unfold rate_gap. nra.
Qed.

Lemma rate_gap_mono_to k n : (k <= n)%nat -> rate_gap s k <= rate_gap s n.
Proof. induction 1 as [|n _ IH]; [lra|]. pose proof (rate_gap_mono n); lra. Qed.

(** The mean of [rate_gap]. *)
Definition rate_mean (tau : R) (n : nat) : R :=
  (1 + sigma s) / 2 * (1 - (1 - tau * (1 - s)) ^ n)
  + (1 - sigma s) / 2 * (1 - (1 - tau * (1 + s)) ^ n).

Lemma rate_mean_ok tau n : bin_mean tau n (rate_gap s) = rate_mean tau n.
Proof.
  unfold rate_gap.
  rewrite (bin_mean_ext tau n _ (fun k => 1 * (1 * 1 + - ((1 + sigma s) / 2) * s ^ k)
    + - ((1 - sigma s) / 2) * (- s) ^ k)) by (intros; ring).
  rewrite (bin_mean_lin tau n 1 _ (fun k => 1 * 1 + - ((1 + sigma s) / 2) * s ^ k)
    (fun k => (- s) ^ k)).
  rewrite (bin_mean_lin tau n 1 _ (fun _ => 1) (fun k => s ^ k)), bin_mean_const, !bin_mean_pow.
  unfold rate_mean. replace (1 - - s) with (1 + s) by ring. field.
Qed.

(** Thm 6: an upper bound for all [delta], exact while nothing is capped. *)
Theorem population_form_le tau n : 0 <= tau <= 1 ->
  bin_mean tau n (exact_gap e d) <= c * rate_mean tau n.
Proof.
  intros Ht. rewrite <- rate_mean_ok, <- bin_mean_scal. apply bin_mean_le; [exact Ht|]. intros k.
  rewrite exact_gap_rate. apply Rmin_r.
Qed.

Theorem population_form tau n : c * rate_gap s n <= 1 ->
  bin_mean tau n (exact_gap e d) = c * rate_mean tau n.
Proof.
  intros Hc. rewrite <- rate_mean_ok, <- bin_mean_scal. apply bin_mean_ext_to. intros k Hk.
  rewrite exact_gap_rate, Rmin_right; [reflexivity|].
  pose proof (rate_gap_mono_to k n Hk). pose proof ceiling_pos. nra.
Qed.

(** At an even number of steps one rate is left. *)
Lemma rate_gap_even k : rate_gap s (2 * k) = 1 - (/ e) ^ k.
Proof.
  unfold rate_gap, e. rewrite !pow_mult, Rinv_inv. replace ((- s) ^ 2) with (s ^ 2) by ring.
  replace (s * s) with (s ^ 2) by ring. field.
Qed.

(** Thm 7 with Thm 6, likewise. *)
Theorem add_remove_form_le tau n : 0 <= tau <= 1 ->
  bin_mean tau n (fun k => exact_gap e d (2 * k)) <= c * (1 - (1 - tau * (1 - / e)) ^ n).
Proof.
  intros Ht. rewrite <- bin_mean_pow.
  apply Rle_trans with (bin_mean tau n (fun k => c * 1 + - c * (/ e) ^ k)).
  - apply bin_mean_le; [exact Ht|]. intros k. rewrite exact_gap_rate, rate_gap_even.
    pose proof (Rmin_r 1 (c * (1 - (/ e) ^ k))); lra.
  - rewrite (bin_mean_lin tau n c (- c) (fun _ => 1) (fun k => (/ e) ^ k)), bin_mean_const; lra.
Qed.

Theorem add_remove_form tau n : c * rate_gap s (2 * n) <= 1 ->
  bin_mean tau n (fun k => exact_gap e d (2 * k)) = c * (1 - (1 - tau * (1 - / e)) ^ n).
Proof.
  intros Hc. rewrite <- bin_mean_pow.
  transitivity (bin_mean tau n (fun k => c * 1 + - c * (/ e) ^ k)).
  - apply bin_mean_ext_to; intros k Hk. rewrite exact_gap_rate, Rmin_right, rate_gap_even; [ring|].
    pose proof (rate_gap_mono_to (2 * k) (2 * n) ltac:(lia)). pose proof ceiling_pos. nra.
  - rewrite (bin_mean_lin tau n c (- c) (fun _ => 1) (fun k => (/ e) ^ k)), bin_mean_const; ring.
Qed.
End Forms.

Lemma ceiling_zero s : ceiling s 0 = 1.
Proof. unfold ceiling, Rdiv. rewrite Rmult_0_r, Rmult_0_l; lra. Qed.

(** At [delta = 0] nothing is ever capped. *)
Lemma uncapped s n : 0 < s < 1 -> ceiling s 0 * rate_gap s n <= 1.
Proof. intros Hs. rewrite ceiling_zero. pose proof (rate_gap_le1 s Hs n); lra. Qed.

(** * In terms of [eps] *)

(** From the power series: the library's strict inequalities on [exp] would add
    an axiom of classical logic. *)
Lemma exp_gt1 x : 0 < x -> 1 < exp x.
Proof.
  intros H. enough (1 + x <= exp x) by lra.
  unfold exp; destruct (exist_exp x) as [l Hl]; simpl.
  replace (1 + x) with (sum_f_R0 (fun i => / INR (fact i) * x ^ i) 1) by (simpl; field).
  apply sum_incr; [exact Hl|]. intros i. apply Rmult_le_pos.
  - apply Rlt_le, Rinv_0_lt_compat, INR_fact_lt_0.
  - apply pow_le; lra.
Qed.

Section Exp.
Variables (eps d tau : R) (n : nat).
Hypotheses (Heps : 0 < eps) (Hd : 0 <= d).
Let s := exp (- (eps / 2)).
Let w := / cosh (eps / 2).
Let c := 1 + 2 * d / (exp eps - 1).

Lemma s_meaning : 0 < s < 1 /\ / (s * s) = exp eps /\ sigma s = w /\ ceiling s d = c.
Proof.
  pose proof (exp_gt1 (eps / 2) ltac:(lra)) as Hx.
  assert (He : / (s * s) = exp eps).
  { unfold s. rewrite <- exp_plus, <- exp_Ropp. f_equal; field. }
  split; [split; [apply exp_pos|]|split; [exact He|split]].
  - unfold s. rewrite exp_Ropp, <- Rinv_1. apply Rinv_lt_contravar; lra.
  - unfold sigma, w, s, cosh. rewrite exp_Ropp. field. split; nra.
  - unfold ceiling, c. rewrite He; reflexivity.
Qed.

(** The formulas as the theory prints them. *)
Theorem population_form_exp :
  c * (1 - (1 + w) / 2 * s ^ n - (1 - w) / 2 * (- s) ^ n) <= 1 ->
  bin_mean tau n (exact_gap (exp eps) d) =
  c * ((1 + w) / 2 * (1 - (1 - tau * (1 - s)) ^ n) + (1 - w) / 2 * (1 - (1 - tau * (1 + s)) ^ n)).
Proof.
  destruct s_meaning as (Hs & <- & <- & <-). apply population_form; assumption.
Qed.

Theorem population_form_le_exp : 0 <= tau <= 1 ->
  bin_mean tau n (exact_gap (exp eps) d) <=
  c * ((1 + w) / 2 * (1 - (1 - tau * (1 - s)) ^ n) + (1 - w) / 2 * (1 - (1 - tau * (1 + s)) ^ n)).
Proof.
  destruct s_meaning as (Hs & <- & <- & <-). apply population_form_le; assumption.
Qed.

Theorem add_remove_form_exp : c * (1 - exp (- (INR n * eps))) <= 1 ->
  bin_mean tau n (fun k => exact_gap (exp eps) d (2 * k)) =
  c * (1 - (1 - tau * (1 - exp (- eps))) ^ n).
Proof.
  rewrite exp_Ropp, <- exp_pow, <- pow_inv, exp_Ropp.
  destruct s_meaning as (Hs & <- & _ & <-). intros Hc.
  apply add_remove_form; try assumption. rewrite rate_gap_even; assumption.
Qed.

Theorem add_remove_form_le_exp : 0 <= tau <= 1 ->
  bin_mean tau n (fun k => exact_gap (exp eps) d (2 * k)) <=
  c * (1 - (1 - tau * (1 - exp (- eps))) ^ n).
Proof.
  rewrite exp_Ropp. destruct s_meaning as (Hs & <- & _ & <-). apply add_remove_form_le; assumption.
Qed.
End Exp.

(** At [delta = 0] the equalities hold for every [n]. *)
Theorem population_form_pure eps tau n : 0 < eps ->
  let s := exp (- (eps / 2)) in let w := / cosh (eps / 2) in
  bin_mean tau n (exact_gap (exp eps) 0) =
  (1 + w) / 2 * (1 - (1 - tau * (1 - s)) ^ n) + (1 - w) / 2 * (1 - (1 - tau * (1 + s)) ^ n).
Proof.
  intros He s w. destruct (s_meaning eps 0 He) as (Hs & HE & Hw & _).
  rewrite <- HE, population_form by (assumption || lra || apply uncapped, Hs).
  unfold rate_mean. fold s w in Hw. fold s. rewrite Hw, ceiling_zero. ring.
Qed.

Theorem add_remove_form_pure eps tau n : 0 < eps ->
  bin_mean tau n (fun k => exact_gap (exp eps) 0 (2 * k)) = 1 - (1 - tau * (1 - exp (- eps))) ^ n.
Proof.
  intros He. destruct (s_meaning eps 0 He) as (Hs & HE & _ & _).
  rewrite exp_Ropp, <- HE, add_remove_form by (assumption || lra || apply uncapped, Hs).
  rewrite ceiling_zero. ring.
Qed.
