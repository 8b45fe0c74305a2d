-- Whether any figure of the snapshot is made up.
select
    exists (
        select 1 from marts.partnership_effect as effect
        where effect.is_simulated
    )
    or exists (
        select 1 from marts.channel_cost as cost
        where cost.is_simulated
    )
    or exists (
        select 1 from core.platform_metric_daily as delivered
        where delivered.is_simulated
    ) as is_simulated
