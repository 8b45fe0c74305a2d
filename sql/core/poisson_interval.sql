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
        (0, 0.0e0, 3.6888794541139354e0),
        (1, 0.025317807984289876e0, 5.571643390938898e0),
        (2, 0.24220927854396496e0, 7.22468766772396e0),
        (3, 0.6186721228956014e0, 8.767273069742323e0),
        (4, 1.0898653736263249e0, 10.241588675403694e0),
        (5, 1.6234863901184207e0, 11.66833207932267e0),
        (6, 2.2018942534908508e0, 13.059474022518685e0),
        (7, 2.8143630515198654e0, 14.422675361702376e0),
        (8, 3.4538321767485014e0, 15.763189220193313e0),
        (9, 4.115373097378334e0, 17.084803451419166e0),
        (10, 4.7953886961324335e0, 18.39035604201778e0),
        (11, 5.49116036723684e0, 19.682038513301954e0),
        (12, 6.200575108722218e0, 20.96158504817696e0),
        (13, 6.921952491003801e0, 22.230395918158873e0),
        (14, 7.653930276300595e0, 23.489621121835576e0),
        (15, 8.395386132783315e0, 24.740218871485844e0),
        (16, 9.145382453641524e0, 25.98299759756094e0),
        (17, 9.903126469607294e0, 27.218646815906613e0),
        (18, 10.667940780399528e0, 28.447760267527983e0),
        (19, 11.43924116436673e0, 29.67085357158559e0)
    ) as listed (events, low, high)
)
select
    counted.events::integer as events,  -- events counted
    counted.low::double as low,         -- least mean that the count allows
    counted.high::double as high        -- greatest mean that the count allows
from counted
