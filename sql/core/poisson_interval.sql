-- How low and how high the mean may be of which fewer than 20 events were counted: the exact two-sided 95 % interval of
-- Garwood.
-- Half of the chi-square quantile of 2.5 % with 2n degrees of freedom, and of 97.5 % with 2n + 2. From 20 on
-- steps.partnership_cost has a formula. tests/values/test_poisson.py works out every number here again, and the error
-- of the formula.
-- group: vocabulary
-- grain: events
-- portable: yes
with counted as (
    select
        listed.events,
        listed.low,
        listed.high
    from (
        values
        (0, 0.0, 3.6888794541139354),
        (1, 0.025317807984289876, 5.571643390938898),
        (2, 0.24220927854396496, 7.22468766772396),
        (3, 0.6186721228956014, 8.767273069742323),
        (4, 1.0898653736263249, 10.241588675403694),
        (5, 1.6234863901184207, 11.66833207932267),
        (6, 2.2018942534908508, 13.059474022518685),
        (7, 2.8143630515198654, 14.422675361702376),
        (8, 3.4538321767485014, 15.763189220193313),
        (9, 4.115373097378334, 17.084803451419166),
        (10, 4.7953886961324335, 18.39035604201778),
        (11, 5.49116036723684, 19.682038513301954),
        (12, 6.200575108722218, 20.96158504817696),
        (13, 6.921952491003801, 22.230395918158873),
        (14, 7.653930276300595, 23.489621121835576),
        (15, 8.395386132783315, 24.740218871485844),
        (16, 9.145382453641524, 25.98299759756094),
        (17, 9.903126469607294, 27.218646815906613),
        (18, 10.667940780399528, 28.447760267527983),
        (19, 11.43924116436673, 29.67085357158559)
    ) as listed (events, low, high)
)
select
    counted.events::integer as events,  -- events counted
    counted.low::double as low,         -- least mean that the count allows
    counted.high::double as high        -- greatest mean that the count allows
from counted
