-- How an acquisition cost is defined: over which window, of what shape, in symbols and in words.
-- group: vocabulary
-- grain: definition
-- A definition is one row of the second list; a shape is one row of the first, and a branch of
-- sql/macros/buyers_won.sql.
with shape as (
    select listed.*
    from (
        values
        ('net', false, 'S / (N_t − N_0)', 'sales and marketing expense of {window} over the buyers gained net in it'),
        (
            'gross', true, 'S / (N_t − {kept} × N_0)',
            'a scenario, no fact: expense of {window} over the buyers won if {lapsed} % of the earlier ones lapsed'
        ),
        (
            'marginal', false, '(S − S_before) / ((N_t − N_0) − (N_0 − N_before))',
            'change of the expense of {window} over the change of its net adds, against the window before'
        )
    ) as listed (shape, is_scenario, formula, words)
),
definition as (
    select listed.*
    from (
        values
        ('cac_net_12m', 'net', 12, 0.00, null),
        ('cac_net_quarter', 'net', 3, 0.00, null),
        ('cac_pooled_2y', 'net', 24, 0.00, null),
        ('cac_pooled_3y', 'net', 36, 0.00, null),
        ('cac_gross_10', 'gross', 12, 0.10, null),
        ('cac_gross_20', 'gross', 12, 0.20, null),
        ('cac_gross_30', 'gross', 12, 0.30, null),
        ('marginal_cac', 'marginal', 12, 0.00, 'cac_net_12m')
    ) as listed (definition, shape, months, lapse, based_on)
)
select
    definition.definition::varchar as definition,  -- name of the definition
    definition.shape::varchar as shape,            -- net, gross (some buyers are supposed to have lapsed) or marginal
    definition.months::integer as months,          -- length of the window on both sides of the ratio, months
    definition.lapse::decimal(4, 3) as lapse,
    -- share of the earlier buyers supposed to have lapsed in the window, 0 to 1
    definition.based_on::varchar as based_on,      -- definition whose change it is; empty for the cost of one window
    shape.is_scenario::boolean as is_scenario,     -- whether it rests on a supposition: a labelled scenario, no fact
    (definition.shape = 'net' and definition.months <= 12)::boolean as is_plain,
    -- whether a claim over such a window means it first
    replace(shape.formula, '{kept}', (1 - definition.lapse)::double::varchar)::varchar as formula,
    -- in symbols, + − × / and brackets
    replace(replace(shape.words, '{window}', case
        when definition.months % 12 > 0 then if(definition.months = 3, 'a quarter', definition.months || ' months')
        when definition.months = 12 then 'twelve months'
        else definition.months // 12 || ' years'
    end), '{lapsed}', format('{:g}', 100 * definition.lapse::double))::varchar as words  -- the formula in words
from definition
left join shape on shape.shape = definition.shape
