-- The ages, in days after the first order, at which cohorts of buyers are compared: the one list of them.
-- group: vocabulary
-- grain: age_days
-- portable: yes
with listed as (
    select named.age_days
    from (values (0), (7), (14), (30), (60), (90), (120), (180), (270), (365), (540), (730)) as named (age_days)
)
select listed.age_days::integer as age_days  -- days after the day of the first order; 0 is that day
from listed
