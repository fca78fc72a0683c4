"""The addresses of the portal and the right each needs."""

from worker.login.guard import page
from worker.login.rights import Right
from worker.portal import learner, organization, team

ROUTES = [
    page("/", learner.home, Right.SEE_OWN_COURSES),
    page("/courses/{course:path}/{version}/{page}", learner.course_page, Right.SEE_OWN_COURSES),
    page("/team", team.team_page, Right.SEE_OWN_TEAM),
    page("/team.csv", team.team_csv, Right.SEE_OWN_TEAM),
    page("/dashboard", organization.dashboard, Right.SEE_OWN_TENANT),
    page("/report", organization.report, Right.SEE_OWN_TENANT),
    page("/report.csv", organization.report_csv, Right.SEE_OWN_TENANT),
    page("/report.xlsx", organization.report_xlsx, Right.SEE_OWN_TENANT),
]
