-- The first document of a company here that covers a period which ends on a day: it prints a figure of such a period.
-- What is not known of that period was probably printed in it, or in one that it comes with, and not read from it.
-- group: figures
-- grain: platform, period_end
-- twin: no
select
    observation.platform::varchar as platform,         -- platform slug
    observation.period_end::date as period_end,        -- last day of the period
    min(observation.published_on)::date as known_on,   -- day of the document
    min_by(
        observation.document_id, (observation.published_on, observation.document_id)
    )::varchar as document_id                          -- the document
from core.observation as observation
where
    observation.class_rank = 1
    and observation.derivation is null
    and observation.published_on > observation.period_end
group by observation.platform, observation.period_end
