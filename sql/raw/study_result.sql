-- What was estimated for one study from one state of its inputs; made again only where these change.
create table raw.study_result (
    study_id varchar, -- study, as steps.study names it
    input_hash varchar, -- SHA-256 of figures, donors and code that the estimate rests on
    status varchar, -- ok, exploratory or the reason why there is no estimate
    before bigint, -- periods before the event that are compared
    after bigint, -- periods after it
    gap_before bigint, -- number of the latest period before that has no figure
    gap_after bigint, -- number of the first period after that has none
    is_shared boolean, -- whether the partner had another deal in the periods compared
    has_donor_deal boolean, -- whether a donor had a deal of its own before the day
    fewest_before bigint, -- periods before that an estimate needs
    fewest_after bigint, -- periods after that it needs
    few_donors bigint, -- donors that it needs
    smallest double, -- smallest effect that could have been seen, as a difference of logarithms
    estimate double, -- synthetic difference-in-differences, as a difference of logarithms
    low double, -- lower end of its 95 % interval
    high double, -- upper end of it
    least double, -- least estimate when each donor is left out
    most double, -- greatest one
    share_of_placebos double, -- share of platform and placebos with an effect at least as large
    is_seen boolean, -- whether interval, placebos and the earlier day agree that there is an effect
    in_time double, -- estimate for an earlier day, on which there was no deal
    in_time_smallest double, -- what that would have had to exceed
    demeaned_control double, -- estimate of demeaned synthetic control
    difference double, -- estimate of difference-in-differences
    fit double, -- root mean square of the gap before, over the platform's own scatter
    units struct(platform varchar, place varchar, missing bigint, weight double)[], -- platforms considered as donors
    points struct(number bigint, expected double)[] -- what the donors lead to expect, as logarithms
)
