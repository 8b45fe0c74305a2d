-- Which definitions over twelve months are plain, in words too, and which are scenarios.
select
    string_agg(definition.definition, ', ' order by definition.definition) filter (where definition.is_plain),
    any_value(definition.words) filter (where definition.is_plain),
    string_agg(definition.definition, ', ' order by definition.definition) filter (where definition.is_scenario)
from core.definition as definition
where definition.months = 12
