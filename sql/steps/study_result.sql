-- What became of a study: the estimate as a difference of logarithms, or the reason why there is none.
-- group: studies
-- grain: study_id
-- twin: no
-- python: etl.effect.study, steps.study, steps.study_value, core.partnership, core.definition_break,
-- core.study_exclusion
select
    result.study_id::varchar as study_id,                        -- the study
    result.status::varchar as status,                            -- ok, exploratory or a reason, see core.term
    result.before::bigint as before,                             -- periods before the event that are compared
    result.after::bigint as after,                               -- periods after it
    result.gap_before::bigint as gap_before,                     -- number of the latest period before without a figure
    result.gap_after::bigint as gap_after,                       -- number of the first period after without one
    result.is_shared::boolean as is_shared,
    -- whether the partner had another deal in these periods
    result.has_donor_deal::boolean as has_donor_deal,            -- whether a donor had one of its own before the day
    result.fewest_before::bigint as fewest_before,               -- periods before that an estimate needs
    result.fewest_after::bigint as fewest_after,                 -- periods after that it needs
    result.few_donors::bigint as few_donors,                     -- donors that it needs
    result.smallest::double as smallest,
    -- smallest effect that could have been seen, as a difference of logarithms; empty with too few donors
    result.estimate::double as estimate,                         -- synthetic difference-in-differences
    result.low::double as low,                                   -- lower end of its 95 % interval, from placebos
    result.high::double as high,                                 -- upper end of it
    result.least::double as least,                               -- least estimate when each donor is left out
    result.most::double as most,                                 -- greatest one
    result.share_of_placebos::double as share_of_placebos,
    -- share of platform and placebos with an effect at least as large
    result.is_seen::boolean as is_seen,
    -- whether interval, placebos and the earlier day agree that there is an effect
    result.in_time::double as in_time,                           -- estimate for an earlier day, without a deal
    result.in_time_smallest::double as in_time_smallest,         -- what that would have had to exceed
    result.demeaned_control::double as demeaned_control,         -- demeaned synthetic control
    result.difference::double as difference,                     -- difference-in-differences
    result.fit::double as fit,  -- root mean square of the gap before, over the platform's own scatter
    result.units::struct(platform varchar, place varchar, missing bigint, weight double)[] as units,
    -- every other platform with the figure: donor or why not, the periods it lacks, its weight
    result.points::struct(number bigint, expected double)[] as points
    -- the periods compared, with what the donors lead to expect, as a logarithm; empty without an estimate
from raw.study_result as result
