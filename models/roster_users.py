"""The users of a roster import: those of one tenant, with their managers and groups."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.roster_import import RosterCounts
from models.tenant import Tenant

_SAID_OF_USERS = """
    select user_key as key, min(line) as line,
        (array_agg(name order by line desc) filter (where name is not null))[1] as name,
        (array_agg(email order by line desc) filter (where email is not null))[1] as email,
        (array_agg(active order by line desc) filter (where active is not null))[1] as active
    from roster_line where tenant = :tenant group by user_key
"""
_INCOMPLETE_USERS = text(f"""
with said as ({_SAID_OF_USERS}), incomplete as (
    select key, case when name is null then 'name' else 'email' end as field from said s
    where (name is null or email is null)
        and not exists (select from users u where u.tenant_id = :tenant_id and u.key = s.key)
), gone as (
    delete from roster_line l using incomplete i where l.tenant = :tenant and l.user_key = i.key
    returning l.line, i.field, i.key
)
insert into roster_bad
select line, field, '', 'user-incomplete', 'is empty, and user ' || key || ' is new' from gone
""")
# Whoever was active before or is made active may have enrollments changed; so may whoever is new, whose
# enrollments are not changed but brought in as they are.
_USERS = text(f"""
with said as materialized ({_SAID_OF_USERS}), known as materialized (
    select u.id, u.key, u.active from users u join said s on s.key = u.key where u.tenant_id = :tenant_id
), added as (
    insert into users (tenant_id, key, name, email, active)
    select :tenant_id, s.key, s.name, s.email, coalesce(s.active, true) from said s
    where not exists (select from known k where k.key = s.key) order by s.key
    returning id
), changed as (
    update users u set name = coalesce(s.name, u.name), email = coalesce(s.email, u.email),
        active = coalesce(s.active, u.active)
    from said s
    where u.tenant_id = :tenant_id and u.key = s.key and (u.name, u.email, u.active) is distinct from
        (coalesce(s.name, u.name), coalesce(s.email, u.email), coalesce(s.active, u.active))
    returning u.id
), marked as (
    insert into roster_user (user_id, may_change)
    select id, true from added
    union all
    select k.id, k.active or coalesce(s.active, false) from known k join said s on s.key = k.key
)
select (select count(*) from added), (select count(*) from changed)
""")
_UNKNOWN_MANAGERS = text("""
with unknown as (
    update roster_line l set manager_given = false
    where l.tenant = :tenant and l.manager is not null
        and not exists (select from users u where u.tenant_id = :tenant_id and u.key = l.manager)
    returning line, manager
)
insert into roster_bad
select line, 'manager', manager, 'manager-unknown', 'is not a user of this tenant' from unknown
""")
_MANAGERS = text("""
with said as (
    select distinct on (user_key) user_key, manager from roster_line
    where tenant = :tenant and manager_given order by user_key, line desc
), changed as (
    update users u set manager_id = m.id
    from said s left join users m on m.tenant_id = :tenant_id and m.key = s.manager
    where u.tenant_id = :tenant_id and u.key = s.user_key and u.manager_id is distinct from m.id
    returning 1
)
select count(*) from changed
""")
_GROUPS = text("""
with said as (
    select distinct on (user_key) user_key, groups from roster_line
    where tenant = :tenant and groups is not null order by user_key, line desc
)
insert into user_group (tenant_id, name) select distinct :tenant_id, g from said, unnest(groups) g order by 2
on conflict (tenant_id, name) do nothing
""")
_MEMBERS = text("""
with said as (
    select distinct on (user_key) user_key, groups from roster_line
    where tenant = :tenant and groups is not null order by user_key, line desc
), wanted as (
    select distinct u.id as user_id, g.id as group_id
    from said s join users u on u.tenant_id = :tenant_id and u.key = s.user_key
    join user_group g on g.tenant_id = :tenant_id and g.name = any(s.groups)
), gone as (
    delete from group_member m using said s, users u
    where u.tenant_id = :tenant_id and u.key = s.user_key and m.user_id = u.id
        and not exists (select from wanted w where w.user_id = m.user_id and w.group_id = m.group_id)
)
insert into group_member (group_id, user_id, tenant_id) select group_id, user_id, :tenant_id from wanted
on conflict do nothing
""")


def bring_in_users(session: Session, tenant: Tenant) -> RosterCounts:
    """Users, managers and groups of one tenant."""
    of_tenant = {"tenant": tenant.key, "tenant_id": tenant.id}
    session.execute(_INCOMPLETE_USERS, of_tenant)
    new, changed = session.execute(_USERS, of_tenant).one()
    for statement in (_UNKNOWN_MANAGERS, _MANAGERS, _GROUPS, _MEMBERS):
        session.execute(statement, of_tenant)
    return RosterCounts(users_new=new, users_changed=changed)
