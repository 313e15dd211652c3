/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest-transparent migration: time that vcpus spent in each state.  Included
 * by common/sched/core.c.
 */

void gtm_runstate_get(const struct vcpu *v, s_time_t now, uint64_t time[4])
{
    spinlock_t *lock;
    s_time_t delta;

    rcu_read_lock(&sched_res_rculock);
    lock = unit_schedule_lock_irq(v->sched_unit);

    memcpy(time, v->runstate.time, sizeof(v->runstate.time));
    delta = now - v->runstate.state_entry_time;
    if ( delta > 0 )
        time[v->runstate.state] += delta;

    unit_schedule_unlock_irq(lock, v->sched_unit);
    rcu_read_unlock(&sched_res_rculock);
}

/* Keeps the state: TIME was spent before it was entered, just now. */
void gtm_runstate_set(struct vcpu *v, s_time_t now, const uint64_t time[4])
{
    spinlock_t *lock;

    rcu_read_lock(&sched_res_rculock);
    lock = unit_schedule_lock_irq(v->sched_unit);

    memcpy(v->runstate.time, time, sizeof(v->runstate.time));
    v->runstate.state_entry_time = now;

    unit_schedule_unlock_irq(lock, v->sched_unit);
    rcu_read_unlock(&sched_res_rculock);
}

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
