-- What the words in the columns of other tables mean, and for a validity what follows from it.
-- group: vocabulary
-- grain: kind, term
-- A word that a model writes and that has no row here fails the suite of the model.
with effect as (
    select listed.*
    from (
        values
        ('ranked', true, true, true, true, true, false),
        ('number', true, true, false, false, true, false),
        ('interval', false, true, false, true, true, false),
        ('bound', false, true, false, false, true, false),
        ('reason', false, false, false, false, true, false),
        ('missing', false, false, false, false, true, true),
        ('incomparable', false, false, false, false, false, false)
    ) as listed (effect, has_number, has_bounds, is_ranked, is_checkable, is_comparable, is_missing)
),
validity as (
    select listed.*
    from (
        values
        ('ok', 'ranked', 'rounding is at most 5 % of the denominator'),
        ('coarse', 'ranked', 'rounding is over 5 %, at most 20 %, of the denominator'),
        ('uninformative', 'number', 'rounding is over 20 % of the denominator: mostly rounding, never rank it'),
        ('bounds_only', 'interval', 'an input is "about", "more than" or "nearly": a bound and no point'),
        ('definition_break', 'incomparable', 'what is counted changed inside the window: its ends cannot be compared'),
        (
            'consolidation_mismatch',
            'incomparable',
            'the figures cover different parts of the company: some were printed before a part was bought or sold'
        ),
        ('nature_mismatch', 'incomparable', 'the expenses hold different things: one advertising only, one staff too'),
        ('missing_spend', 'missing', 'the sales and marketing expense of this window is not in this data set'),
        ('missing_buyers_start', 'missing', 'the buyers on the day before the window are not in this data set'),
        ('missing_buyers_end', 'missing', 'the buyers on the last day of the window are not in this data set'),
        ('net_loss_of_buyers', 'reason', 'the platform had fewer buyers at the end than at the start'),
        ('net_adds_within_rounding', 'bound', 'the gain is no larger than the rounding of the counts: it may be nil'),
        (
            'missing_rate',
            'missing',
            'a fixing of the window is not known: the currency was no longer quoted, or the rates end before the window'
        ),
        ('missing_previous_window', 'reason', 'the window before has no expense or no buyer count to compare with'),
        ('change_within_rounding', 'reason', 'the change against the window before is within the rounding'),
        (
            'change_within_noise',
            'reason',
            'spend did not change, or new buyers by no more than chance allows (95 %)'
        ),
        ('window_open', 'reason', 'the week, month or quarter is not over: it cannot be compared with a whole one'),
        ('unattributed', 'reason', 'what no rule places is no channel: its spend did not win its buyers'),
        ('spend_up_adds_down', 'reason', 'the platform spent more and gained fewer buyers than in the window before'),
        ('spend_down_adds_up', 'reason', 'the platform spent less and gained more buyers than in the window before'),
        ('missing_revenue', 'missing', 'the revenue of exactly this window is not in this data set'),
        ('missing_gross_profit', 'missing', 'the gross profit of exactly this window is not in this data set'),
        ('gmv_not_disclosed', 'missing', 'the GMV of this window and perimeter is not in this data set'),
        ('revenue_not_positive', 'reason', 'the revenue is nil or less: a ratio to it says nothing'),
        ('margin_not_positive', 'reason', 'the gross profit is nil or less: what is spent never comes back'),
        ('margin_within_rounding', 'bound', 'the gross profit may be nil within its rounding: only one bound is given'),
        ('no_year_ago', 'reason', 'no figure of the same scope and unit is known for a year before'),
        ('share', 'reason', 'the figure is a percentage, which has no change in percent'),
        ('not_positive', 'reason', 'a figure is nil or less: a change against it says nothing'),
        ('nothing_printed', 'missing', 'the figure that the claim is about is not in this data set'),
        ('missing_base', 'reason', 'the figure that the claim compares with is not known'),
        ('missing_new_buyers', 'reason', 'the new buyers of a day are not known: untold, or no order tells its buyer'),
        ('missing_days', 'reason', 'the daily data do not fill the period of the filed figure'),
        ('other_currency', 'reason', 'the filed figure is in another currency than the daily data'),
        (
            'no_spend',
            'reason',
            'nothing was spent, or corrections took back as much or more: a cost of 0 or less would win every ranking'
        ),
        ('no_new_buyers', 'bound', 'nobody new came: the cost is at least spend / 3.689 (95 %), without an upper bound')
    ) as listed (term, effect, meaning)
),
flag as (
    select listed.*
    from (
        values
        ('scope_mismatch', 'the whole company''s expense stands against a narrower count of buyers'),
        ('restated_input', 'the company had printed a different figure before'),
        ('mixed_vintage', 'figures from before and after a restatement are added up'),
        ('derived_input', 'a figure was not printed but follows from printed ones; see derivation'),
        ('press_basis', 'an input is a figure of the press'),
        ('contradicted_input', 'an input is a print that core.contradiction declares an estimate or a misprint'),
        ('approx_input', 'an input is no exact figure'),
        ('undated_input', 'an input is in a document without a date'),
        ('foreign_donor', 'a donor reports in another currency: another market, moved by other things'),
        ('other_perimeter', 'a donor''s figure covers another part of its company, or its expense holds other things'),
        ('partner_other_deal', 'the partner announced, began or ended another deal in these periods'),
        ('donor_other_deal', 'a donor announced, began or ended a deal of its own before the day'),
        ('few_placebos', 'fewer than 19 donors: no share of placebos reaches 5 %, so no effect counts as seen'),
        (
            'known_on_bound',
            'an earlier document of the company covers the period of an input: known_on is the latest day it can be'
        ),
        (
            'not_transcribed',
            'a document of the company covers the window: what is missing was probably printed, but not read from it'
        ),
        ('ttm_vs_quarter', 'the expense of a quarter against the change of a twelve-month count'),
        ('fy_misaligned', 'the window does not end with the fiscal year of the company'),
        ('summed_quarters', 'the expense of the year is the sum of four quarters'),
        ('definition_break', 'what is counted changed inside the window'),
        ('proxy', 'no measurement of what its name says: the company''s margin stands for that of a buyer'),
        ('recomputed_disagrees', 'a printed figure and the one recomputed from its parts do not meet'),
        ('attribution_overlap', 'the partners claim more than the platform has: every share is too high'),
        ('currency_translated', 'amounts were delivered in another currency'),
        ('two_currencies', 'amounts are in more than one currency'),
        ('no_rate', 'a day has no exchange rate: its amounts, and those of the span, are empty'),
        ('starts_mid_window', 'the deal began within the span; days says how many days it had'),
        ('ends_mid_window', 'the deal ended within the span; days says how many days it had'),
        ('outside_deal', 'days before the first or after the last day of the deal were delivered'),
        ('overlapping_deal', 'another deal of the pair delivered the same days: a buyer may be counted under either'),
        ('late_data', 'days are missing between others, or on which a deal was live and the platform delivered'),
        ('missing_figures', 'a figure is missing on one of the days'),
        ('no_platform_total', 'the total of the platform was not delivered: no blended cost and no share'),
        ('window_open', 'the week, month or quarter is not over'),
        ('returns_exceed_sales', 'net GMV is negative: no take rate and no break-even margin'),
        ('single_partner_dependency', 'the partner brings a quarter or more of the new buyers of the platform'),
        (
            'channel_without_spend',
            'a channel that spent within the year has orders and no known spend: if it spends, the platform costs more'
        ),
        ('channels_above_total', 'on a day the channels have more of a figure than the platform: one is counted twice'),
        (
            'larger_duplicate',
            'spend that is left out as a repetition is over 1 % above what it repeats, of which rows may be missing'
        ),
        (
            'orders_without_buyer',
            'orders tell no buyer: who of them was new is not known, and the cost is that of those who are known'
        ),
        ('late_spend', 'a channel that spends does not tell it on a day: its file is late, or it has ended'),
        ('silent_spend', 'days that a feed leaves out between two rows, at most a week before the later, count as 0'),
        ('no_reporting_rate', 'a day has no exchange rate into the currency in which platforms are compared'),
        ('small_n', 'fewer than 30 new buyers, or than 7 days of a target: the interval is wide'),
        ('immature_refunds', 'days were delivered before 30 days had passed: refunds are still to come'),
        ('immature_repeats', 'for some of the buyers 90 days have not passed'),
        (
            'counts_differ',
            'the new buyers of the cost and the buyers of the cohort differ by more than 5 %: they may be other people'
        ),
        ('partial_margin', 'only some orders of the cohort have a margin: net revenue of all of them is shown'),
        ('deal_ended', 'the deal has ended and brings nothing more'),
        ('no_season', 'the same days a year before are not all known: what is due counts days'),
        ('target_changed', 'the target was agreed anew; first_target has the one before'),
        ('worse_than_naive', 'of the days held back, the forecast that buyers go on as before missed less'),
        ('unsettled', 'figures of a day still move: it is younger than the age at which figures of its channel settle')
    ) as listed (term, meaning)
),
word as (
    select listed.*
    from (
        values
        ('derivation', 'level_less_increase', 'a printed level less a printed increase'),
        ('derivation', 'level_plus_increase', 'a printed level plus a printed increase'),
        ('derivation', 'level_over_growth', 'a printed level over the growth that is printed against the year before'),
        ('derivation', 'level_times_growth', 'a printed level of the year before, times the printed growth'),
        ('derivation', 'year_less_nine_months', 'a year less its first nine months, of one vintage'),
        ('derivation', 'year_less_half', 'a year less its first half, of one vintage'),
        ('derivation', 'nine_months_less_half', 'nine months less their first half, of one vintage'),
        ('derivation', 'half_less_quarter', 'a half year less its first quarter, of one vintage'),
        (
            'derivation',
            'year_rolled_forward',
            'a fiscal year, plus the part printed after it, less the same part of that year, of one vintage'
        ),
        ('symbol', 'S', 'sales and marketing expense of the window'),
        ('symbol', 'S_before', 'sales and marketing expense of the window before'),
        ('symbol', 'N_t', 'annual active buyers on the last day of the window'),
        ('symbol', 'N_0', 'annual active buyers on the day before the window'),
        ('symbol', 'N_before', 'annual active buyers on the day before the window before'),
        ('larger_part', 'spend_rose', 'the cost moved more because the spend rose'),
        ('larger_part', 'spend_fell', 'the cost moved more because the spend fell'),
        ('larger_part', 'net_adds_fell', 'the cost moved more because fewer buyers were won'),
        ('larger_part', 'net_adds_rose', 'the cost moved more because more buyers were won'),
        ('rank_basis', 'same_window', 'windows that end in the same calendar quarter are compared'),
        ('rank_basis', 'nearest_year', 'fiscal years are compared, each in the calendar year that holds most of it'),
        ('rank_currency', 'own_currency', 'costs in the currency of the platform are compared, as computed'),
        ('rank_currency', 'reporting_currency', 'all costs are compared, converted by the average rate of the window'),
        ('coverage', 'figure', 'an exact figure is known'),
        ('coverage', 'bound', 'only a bound is known'),
        ('coverage', 'gap', 'no figure is known'),
        ('coverage', 'due', 'no figure is known yet, and by the rhythm of the company it should be out'),
        ('rhythm', 'own', 'the longest lag with which the company first printed the metric over such periods'),
        ('rhythm', 'company', 'the longest lag of its other metrics: none of this one is dated well enough'),
        ('rhythm', 'assumed', 'no lag of the company is known: 200 days, the longest that counts as timely'),
        ('edgar_issuer', 'fetched', 'facts of filings are loaded, and count beside what the reference files hold'),
        ('edgar_issuer', 'embedded', 'no facts of filings are loaded: only what the reference files hold'),
        ('edgar_issuer', 'nothing', 'neither facts nor figures of the metrics that filings carry are here'),
        ('reconciliation', 'agrees', 'print and filing meet within the digits of both, in some vintage'),
        ('reconciliation', 'differs', 'no vintage of the filings allows it: misread, another perimeter, or wrong'),
        ('reconciliation', 'only_published', 'printed, and in no filing'),
        ('reconciliation', 'only_filed', 'filed, and printed nowhere else'),
        ('tie_rule', 'one_document', 'the document prints the quantity twice'),
        ('tie_rule', 'two_documents', 'another document prints the quantity'),
        ('tie_rule', 'print_and_filing', 'a print beside a tagged fact of a filing, or what follows from tagged facts'),
        ('tie_rule', 'unaudited_and_audited', 'a release beside a filing'),
        ('tie_rule', 'sum_of_parts', 'parts of a period add up to the whole'),
        ('tie_rule', 'rolling_year', 'twelve months are a year, plus the part after it, less that part of the year'),
        ('tie_rule', 'level_and_increase', 'a level is the one before plus the printed increase'),
        ('tie_rule', 'growth', 'a level is that of the year before times the printed growth'),
        ('tie_rule', 'share_of_revenue', 'a printed share is the expense over the revenue'),
        ('tie_rule', 'spend_per_buyer', 'buyers times spend per buyer is the GMV'),
        ('tie_rule', 'gross_profit', 'cost of revenue plus gross profit is the revenue'),
        ('tie_rule', 'part_of_whole', 'a part is no larger than the whole'),
        ('tie_rule', 'not_negative', 'an amount or a count is not negative'),
        ('tie_rule', 'other_place', 'unconfirmed where it stands, it fits the next period or another perimeter'),
        ('tie_rule', 'period_not_over', 'an exact figure is not printed before the last day of its period'),
        ('tie_verdict', 'confirmed', 'figure and evidence meet within the printed digits of all figures'),
        ('tie_verdict', 'contradicted', 'they do not meet; the row says whether that is explained'),
        ('tie_verdict', 'explained', 'no evidence confirms the figure, and what contradicts it is explained'),
        ('tie_verdict', 'alone', 'nothing is known that the figure could be held against'),
        ('explanation', 'restated', 'the company restated it: each value has evidence of its own, or is declared'),
        ('explanation', 'as_filed', 'the filings themselves differ, as tagged'),
        ('explanation', 'cut_off', 'an approximate figure was cut off, not rounded'),
        ('explanation', 'perimeter', 'declared: the two figures cover the same, or not the same, under other names'),
        ('explanation', 'estimate', 'declared: printed before the figure was known'),
        ('explanation', 'misprint', 'declared: the document errs'),
        ('explanation', 'conflict', 'declared: sources differ and none says why'),
        ('verdict', 'holds', 'what the words of the claim allow and what the printed digits allow overlap'),
        ('verdict', 'does_not_hold', 'they do not overlap'),
        ('verdict', 'depends_on_definition', 'only another definition than the nearest, or a scenario, would allow it'),
        ('verdict', 'not_checkable', 'a figure is missing; the row names it'),
        ('claim_part', 'to', 'the value of the period of the claim'),
        ('claim_part', 'from', 'the value at the start of a growth'),
        ('claim_part', 'multiple', 'the end over the start'),
        ('claim_part', 'growth', 'the change in percent'),
        ('claim_part', 'direction', 'whether it fell or rose'),
        ('claim_part', 'signed', 'whether a deal was signed'),
        ('claim_part', 'ended', 'whether a deal ended'),
        ('claim_part', 'date', 'when a deal was signed or ended'),
        ('claim_part', 'only_pair', 'whether no other pair had signed before'),
        ('claim_part', 'statement', 'a statement that no figure can be held against'),
        ('claim_tolerance', 'last_digit', 'half a unit of the last printed digit either way'),
        ('claim_tolerance', 'two_digits', '"about": half a unit of the second digit either way'),
        ('claim_tolerance', 'or_more', '"above": that or more'),
        ('claim_tolerance', 'or_less', '"nearly" or "up to": that or less'),
        ('claim_tolerance', 'tenth_more', '"above" at the end of a growth: up to a tenth more'),
        ('claim_tolerance', 'tenth_less', '"nearly" at the end of a growth: down to a tenth less'),
        ('claim_reading', 'printed_figure', 'the figure as a document prints it'),
        ('claim_reading', 'same_document', 'what the other claims of the same document amount to; it decides nothing'),
        ('claim_reading', 'deal_began', 'the register of deals: when a deal of the pair began'),
        ('claim_reading', 'deal_ended', 'the register of deals: whether a deal of the pair ended'),
        ('claim_reading', 'pairs_before', 'the register of deals: other pairs that signed before'),
        ('claim_reading', 'pairs_not_known_to_have_ended', 'those of these pairs that are not known to have ended'),
        ('pacing', 'not_started', 'the period of the target has not begun'),
        ('pacing', 'ahead', 'the whole band of the forecast reaches the target, or it was reached'),
        ('pacing', 'on_track', 'the target lies within the band'),
        ('pacing', 'at_risk', 'no part of the band reaches the target'),
        ('pacing', 'missed', 'the period is over and the target was not reached'),
        ('pacing', 'no_target', 'the partnership runs without a target'),
        ('pacing', 'will_overspend', 'the whole band of the forecast is above the budget'),
        ('pacing', 'will_underspend', 'no part of the band of the forecast reaches the budget'),
        ('pacing', 'over_budget', 'more was spent than the budget of the month'),
        ('pacing', 'within_budget', 'the month is over and the budget was kept'),
        ('pacing', 'not_known', 'a day lacks the figure, few days are known, or the target is in another currency'),
        (
            'buyer_value',
            'contribution_margin',
            'net revenue times the margin that is delivered for the day of each order'
        ),
        (
            'buyer_value',
            'net_revenue',
            'what was not cancelled or refunded: not every order of the cohort has a margin'
        ),
        ('payback', 'paid_back', 'the value of a buyer had reached the cost of one by payback_day'),
        ('payback', 'not_yet', 'it had not by reached_days'),
        ('payback', 'no_cost', 'there is no cost that could be paid back; validity says why'),
        ('payback', 'no_buyers', 'money was spent and no buyer was won: nothing can pay it back'),
        ('payback', 'not_known', 'an order in a currency without a rate came before the cost was reached'),
        ('settling', 'band', 'the final value lies between final_low and final_high, with 90 %'),
        ('settling', 'short_history', 'fewer than 19 final days are known at this age: no band'),
        ('settling', 'value_not_positive', 'a figure of 0 or less has no ratio to its final value: no band'),
        ('effect_status', 'ok', 'estimated; whether an effect is seen is another column'),
        ('effect_status', 'exploratory', 'estimated from few periods before the day'),
        ('effect_status', 'not_public_metric', 'no partner has a figure by quarter, of twelve months or by week'),
        ('effect_status', 'unknown_day', 'the day on which the deal began is not known: there is no before and after'),
        ('effect_status', 'definition_break', 'what the figure counts changed within these periods'),
        ('effect_status', 'partner_excluded', 'study_exclusions.csv says that its own figures are no comparison then'),
        ('effect_status', 'contaminated_donors', 'too few donors are left that had no deal of their own then'),
        ('effect_status', 'single_unit_only', 'fewer than three other platforms have these periods'),
        ('effect_status', 'insufficient_donors', 'fewer than five other platforms have these periods'),
        ('effect_status', 'insufficient_pre_period', 'too few periods without a gap before the day'),
        ('effect_status', 'insufficient_post', 'too few periods without a gap after the day'),
        ('effect_status', 'no_variation', 'the figures do not vary, so nothing says what chance does'),
        ('effect_status', 'no_convergence', 'no best weights were found: donors or periods are too much alike'),
        ('effect_status', 'poor_fit', 'the donors do not follow the platform before the day'),
        ('effect_status', 'in_time_placebo_failed', 'an earlier day, on which there was no deal, shows an effect too'),
        ('effect_verdict', 'effect_seen', 'interval, placebos and the earlier day agree that there is an effect'),
        ('effect_verdict', 'effect_shared', 'an effect is seen that another deal of the partner may have had'),
        (
            'effect_verdict',
            'no_effect_seen',
            'consistent with no effect; a smaller one than the smallest that is given could not have been seen'
        ),
        ('donor_place', 'donor', 'it is compared with'),
        ('donor_place', 'partner', 'it is a partner of the deal'),
        ('donor_place', 'not_listed', 'the declared study does not list it'),
        ('donor_place', 'missing_periods', 'it lacks a period, or has nothing in it'),
        ('donor_place', 'definition_break', 'what its figure counts changed within these periods'),
        ('donor_place', 'other_deal', 'it announced, began or ended a deal of its own after the day'),
        ('donor_place', 'excluded', 'study_exclusions.csv says why it is no comparison'),
        ('lifetime', 'ok', 'the model is fitted, and missed the total of its holdout by 30 % at most'),
        ('lifetime', 'short_history', 'fewer than 90 days come before the holdout'),
        ('lifetime', 'few_buyers', 'fewer than 500 buyers came before the holdout, or fewer than 50 of them returned'),
        ('lifetime', 'no_returns', 'no buyer has an order on a later day'),
        ('lifetime', 'not_determined', 'several parameters fit as well: buyers hardly differ, or too little is known'),
        ('lifetime', 'holdout_missed', 'the model missed the total of its holdout by more than 30 %, or nothing came'),
        ('lifetime', 'horizon_too_far', 'the horizon is longer than the time that is known'),
        ('lifetime', 'missing_rate', 'an order of a later day is in a currency without a rate'),
        ('lifetime', 'worthless_orders', 'more than 5 % of the returned buyers paid nothing for later orders'),
        (
            'lifetime',
            'value_by_frequency',
            'buyers who order more often pay more or less (correlation beyond 0.3), which the model rules out'
        ),
        ('lifetime', 'no_mean_value', 'values are so uneven that buyers have no mean value'),
        ('deal_outcome', 'renewed', 'a later deal renews it; of a pair: and the last one is not known to have ended'),
        ('deal_outcome', 'resumed', 'it was interrupted, and came back by itself or by a later deal'),
        ('deal_outcome', 'extended', 'a later deal extends it while it runs'),
        ('deal_outcome', 'parted', 'it ended, and nothing follows; of a pair: its last deal did so'),
        ('deal_outcome', 'parted_and_back', 'the pair parted and came back'),
        ('deal_outcome', 'running', 'it runs'),
        ('deal_outcome', 'not_known', 'no document says, or only one that itself makes a claim about the pair'),
        ('side', 'traffic', 'the partner that has the attention'),
        ('side', 'supply', 'the partner that has the goods'),
        ('side', 'both', 'a platform that is both partners'),
        ('side', 'peer', 'a platform that is no partner'),
        ('span', 'day', 'one day'),
        ('span', 'trailing_28', 'the 28 days up to the date'),
        ('span', 'week', 'Monday to Sunday'),
        ('span', 'month', 'a calendar month'),
        ('span', 'quarter', 'a calendar quarter'),
        ('cohort', 'partner', 'buyers whose first order came through the partnership'),
        ('cohort', 'others', 'buyers whose first order came otherwise'),
        ('change_reason', 'code', 'a query, a macro, Python that computes it or the version of DuckDB changed'),
        ('change_reason', 'definition', 'a definition or word changed, or a reference row that says what figures mean'),
        ('change_reason', 'attribution_rule', 'a rule that places orders, or what a channel counts as, changed'),
        ('change_reason', 'delivery', 'a team delivered new or corrected rows'),
        ('change_reason', 'document', 'a document, or what is entered of one, came, went or was corrected'),
        ('change_reason', 'restatement', 'a company printed a different figure for what it had printed before'),
        ('change_reason', 'rate', 'an exchange rate came or changed'),
        ('change_reason', 'day', 'the day of the refresh is a later one, by which figures count as due'),
        (
            'change_reason',
            'not_separated',
            'which of the reasons beside it changed this row was not found out; they all reach its table'
        ),
        ('change_reason', 'unexplained', 'nothing that is recorded explains it: look into it')
    ) as listed (kind, term, meaning)
),
term as (
    select
        'validity' as kind,
        validity.term,
        validity.meaning,
        effect.has_number,
        effect.has_bounds,
        effect.is_ranked,
        effect.is_checkable,
        effect.is_comparable,
        effect.is_missing
    from validity
    left join effect on effect.effect = validity.effect
    union all
    select
        'flag',
        flag.term,
        flag.meaning,
        null,
        null,
        null,
        null,
        null,
        null
    from flag
    union all
    select
        word.kind,
        word.term,
        word.meaning,
        null,
        null,
        null,
        null,
        null,
        null
    from word
)
select
    term.kind::varchar as kind,                 -- what the word is, such as validity, flag or derivation
    term.term::varchar as term,                 -- the word
    term.meaning::varchar as meaning,           -- what it means
    term.has_number::boolean as has_number,     -- of validity: whether its row has a number; false for a null reason
    term.has_bounds::boolean as has_bounds,     -- of validity: whether its row may have a lower or upper bound
    term.is_ranked::boolean as is_ranked,       -- of validity: whether its number may be ranked and compared over time
    term.is_comparable::boolean as is_comparable,
    -- of validity: whether its figures speak of the same thing, so that their bounds may be subtracted
    term.is_missing::boolean as is_missing,     -- of validity: whether a figure that it needs is not in this data set
    term.is_checkable::boolean as is_checkable  -- of validity: whether a claim can be held against its number or bounds
from term
