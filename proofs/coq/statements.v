(** Every theorem and every definition it rests on, printed.  The gate compares
    the output word for word and asks for the axioms of all that is checked here. *)
From Coq Require Import Reals.
From Mipriv Require Import Chain ClosedForms Mechanism Datasets Rational.
From Mipriv Require Import TradeOff TradeOffMechanism Prior LeastError PriorRational.
From Mipriv Require Import Coupling Binomial Leader Population AddRemove MeanForms.
From Mipriv Require Import Secrets SecretsBound SecretsAddRemove SecretsMax SecretsRational.
Local Open Scope R_scope.
Set Printing Width 100.

(** Thm 1, Thm 2 and Cor 3 along a path. *)
Check poster_bound. Check poster_gap_printed. Check poster_gap_one. Check poster_tanh.
Check exact_gap_is_maximum. Check exact_gap_decays. Check start_printed. Check start_one.
Check pure_bound_even. Check pure_bound_odd. Check pure_attained_even. Check pure_attained_odd.
Check exact_pure_even_exp. Check exact_pure_odd_exp.
Check exact_lt_poster. Check exact_le_poster. Check exact_eq_poster_one.
Check exact_eq_poster_single. Check tight_iff.
Print chain. Print geo. Print middle. Print start. Print exact_gap. Print poster_gap.
Print decays. Print one_step.

(** Thm 2 for mechanisms and on data sets. *)
Check event_bound. Check tv_bound. Check path_mechanism_dp. Check extremal_mechanism_dp.
Check tv_attained. Check tv_best_event. Check event_le_tv.
Check add_remove_sharp. Check substitution_sharp.
Print sum. Print is_dist. Print prob. Print dp. Print tv. Print mechanism.
Print coin. Print path_mechanism. Print extremal_mechanism. Print extremal. Print tail.
Print best_event. Print grows. Print add_remove. Print substitutes. Print ones.

(** Thm 5: any trade-off curve. *)
Check fixed_point_exists. Check curve_gap_is_maximum.
Check trade_off_max. Check curve_chain_max.
Check dp_curve_trade_off. Check dp_curve_chain. Check dp_curve_fixed. Check dp_curve_gap.
Check curve_event_bound. Check dp_curve_dp. Check curve_tv_bound. Check curve_tv_attained.
Print trade_off. Print curve_chain. Print back. Print curve_middle. Print curve_gap.
Print dp_curve. Print curve_dp. Print curve_mechanism.

(** Thm 6, and Thm 2 for populations. *)
Check @coupling_bound. Check @finite_coupling_bound.
Check bin_mean_C. Check bin_mean_sure. Check bin_mean_mono.
Check population_bound. Check population_attained. Check population_max. Check learner_bound.
Check population_form_exp. Check population_form_le_exp. Check population_form_pure.
Print path. Print expectation. Print bin_mean. Print C. Print substitution. Print population.
Print mean. Print output. Print losses. Print spiked.

(** Thm 7: add or remove one record. *)
Check add_remove_bound. Check add_remove_attained. Check add_remove_max.
Check add_remove_population_bound. Check add_remove_population_attained.
Check add_remove_population_max.
Check add_remove_form_exp. Check add_remove_form_le_exp. Check add_remove_form_pure.

(** Thm 8: guessing under a prior. *)
Check least_delta_error_is_minimum. Check least_delta_error_even. Check least_guess_error.
Check least_error_pure. Check least_error_is_minimum.
Check event_error_bound. Check guess_error_bound. Check guess_error_attained.
Print error. Print corner_rate. Print ahead. Print least_delta_upto. Print least_delta_error.
Print corner_error. Print least_upto. Print least_error. Print guess_error.

(** Thm 9: guessing one of K secrets. *)
Check @secrets_star_bound. Check @secrets_bound. Check @secrets_pure_line.
Check @secrets_pure_bound.
Check substitution_secrets. Check substitution_secrets_attained. Check substitution_secrets_max.
Check add_remove_secrets_attained. Check add_remove_secrets_max.
Print grow. Print grown. Print guess. Print named. Print success. Print successes.
Print weight. Print least_weight. Print secrets_pure.

(** Tables of rational values. *)
Check exact_gapQ_ok. Check poster_gapQ_ok. Check rows_ok.
Check least_errorQ_ok. Check prior_rows_ok.
Check secrets_pureQ_ok. Check secrets_rows_ok.
Print row. Print row_meaning. Print row_ok.
Print prior_row. Print prior_row_meaning. Print prior_row_ok.
Print secrets_row. Print secrets_row_meaning. Print secrets_row_ok.
Print geoQ. Print powQ. Print middleQ. Print startQ. Print exact_gapQ. Print poster_gapQ.
Print maxQ. Print minQ. Print dp_curveQ. Print aheadQ. Print corner_rateQ. Print errorQ.
Print least_uptoQ. Print least_errorQ. Print least_weightQ. Print weightQ.
Print countQ. Print secrets_pureQ.
