// The alerts. Each says what to do, and links to the runbook.
//
// The queries read the service's metrics (their names are in triage/telemetry/instruments.py) and the requests that the host
// records. They run on Application Insights, so they use its table names. They don't use `exceptions`: with OpenTelemetry the
// host sends none of a function's. Nor `success` of a request, which is also false for a 4xx.

@description('Region.')
param location string
@description('Tags.')
param tags object
@description('Name of the Application Insights resource.')
param insightsName string
@description('Addresses that alerts are sent to.')
param emails array
@description('Address of the runbook. Empty: the alerts point to the workbook.')
param runbookUrl string
@description('Resource id of the workbook.')
param workbookId string
@description('Hours from one audit to the next.')
param auditIntervalHours int

// value: the query's column that is compared. window: the time that each evaluation covers. Severity 0 is the highest, 4 the lowest.
var rules = [
  {
    name: 'not-running'
    title: 'The service does not run'
    severity: 1
    // The timer measure_state runs every five minutes, even if there is nothing to do.
    query: '''
      customMetrics
      | where name == "triage.queue.depth"
      | summarize value = count()
    '''
    operator: 'LessThan'
    threshold: 1
    frequency: 'PT5M'
    window: 'PT15M'
    action: 'Nothing was measured for 15 minutes. Run GET /api/health. No answer: a setting is wrong, and Log stream of the function app names it, or the last deployment failed. An answer: the identity can\'t reach storage or telemetry.'
  }
  {
    name: 'poison'
    title: 'A failure could not be triaged'
    severity: 1
    query: '''
      customMetrics
      | where name == "triage.poisoned"
      | summarize value = sum(valueSum)
    '''
    operator: 'GreaterThan'
    threshold: 0
    frequency: 'PT15M'
    window: 'PT15M'
    action: 'Five tries at a message failed, and it was moved to the poison queue. Find the finding with the reason poison, read the error of the last try in the log, fix its cause, and triage the failure again.'
  }
  {
    name: 'poison-waits'
    title: 'Messages stay on the poison queue'
    severity: 2
    query: '''
      customMetrics
      | where name == "triage.queue.depth" and tostring(customDimensions.queue) == "poison"
      | summarize value = min(valueMax)
    '''
    operator: 'GreaterThan'
    threshold: 0
    frequency: 'PT15M'
    window: 'PT1H'
    action: 'The service takes each message off the poison queue immediately, but could not do so for an hour. Usually it can\'t write to storage: see GET /api/health. Messages are deleted after seven days.'
  }
  {
    name: 'rejected'
    title: 'A queue message could not be parsed as a failure'
    severity: 2
    query: '''
      customMetrics
      | where name == "triage.rejected"
      | summarize value = sum(valueSum)
    '''
    operator: 'GreaterThan'
    threshold: 0
    frequency: 'PT15M'
    window: 'PT30M'
    action: 'GET /api/rejected has the reason and the whole body. Fix the sender, and send the failure again.'
  }
  {
    name: 'audit-verdict'
    title: 'Email Threat Defense can\'t remediate, or its state is unknown'
    severity: 1
    // Measured every five minutes from the newest audit of each tenant: it fires until an audit finds the app fixed.
    query: '''
      customMetrics
      | where name == "triage.apps"
      | where tostring(customDimensions.verdict) in ("broken", "unknown")
      | summarize value = max(valueMax)
    '''
    operator: 'GreaterThan'
    threshold: 0
    frequency: 'PT15M'
    window: 'PT15M'
    action: 'See GET /api/audits/latest. broken: take the actions of its issues, which name the permission, the app or the credential. unknown: unreadable says what the service may not read. Then audit again (POST /api/audits). The alert ends when the newest audit is neither broken nor unknown.'
  }
  {
    name: 'audit-missing'
    title: 'The permissions have not been audited'
    severity: 2
    query: replace(
      '''
      customMetrics
      | where name == "triage.audits" and timestamp > ago({hours}h)
      | summarize value = count()
    ''',
      '{hours}',
      string(2 * auditIntervalHours)
    )
    operator: 'LessThan'
    threshold: 1
    frequency: 'PT1H'
    window: 'P2D'
    action: 'There was no audit for twice the time between two audits. Check that the function app runs, that audit_permissions did not fail, and that AUDIT_SCHEDULE is right. POST /api/audits audits now.'
  }
  {
    name: 'undetermined'
    title: 'Many failures could not be explained'
    severity: 2
    query: '''
      customMetrics
      | where name in ("triage.findings", "triage.undetermined")
      | summarize total = sumif(valueSum, name == "triage.findings"), undetermined = sumif(valueSum, name == "triage.undetermined")
      | project value = iff(total >= 10, 100.0 * undetermined / total, 0.0)
    '''
    operator: 'GreaterThan'
    threshold: 20
    frequency: 'PT30M'
    window: 'PT1H'
    action: 'More than 20 % of an hour\'s findings are undetermined. The workbook shows the reasons. forbidden: GET /api/health names the permission. throttled, unavailable, timeout: Graph did not answer for 24 hours. tenant_not_configured: TRIAGE_TENANTS.'
  }
  {
    name: 'function-failures'
    title: 'Functions fail'
    severity: 2
    query: '''
      union
        (customMetrics | where name == "triage.errors" | project amount = valueSum),
        (requests | where toint(resultCode) >= 500 | project amount = todouble(itemCount))
      | summarize value = sum(amount)
    '''
    operator: 'GreaterThan'
    threshold: 5
    frequency: 'PT15M'
    window: 'PT30M'
    action: 'The log says where errors were raised: traces | where message startswith "Unexpected error". All functions: a setting or the last deployment is wrong. Only triage_failure: storage, or a defect; its messages are not lost.'
  }
  {
    name: 'notifications-failed'
    title: 'Notifications were not delivered'
    severity: 2
    query: '''
      customMetrics
      | where name == "triage.notifications.failed"
      | summarize value = sum(valueSum)
    '''
    operator: 'GreaterThan'
    threshold: 0
    frequency: 'PT15M'
    window: 'PT30M'
    action: 'A channel failed five times in a row, or for 24 hours, and somebody was not notified. GET /api/notifications has the channel and its last answer. Fix TRIAGE_NOTIFICATIONS, and test it with POST /api/notifications/test.'
  }
  {
    name: 'feed-behind'
    title: 'Failures are no longer found, or found late'
    severity: 2
    // Nothing is measured while no feed is configured.
    query: '''
      customMetrics
      | where name == "triage.feeds" and tostring(customDimensions.state) in ("behind", "failing")
      | summarize value = max(valueMax)
    '''
    operator: 'GreaterThan'
    threshold: 0
    frequency: 'PT15M'
    window: 'PT15M'
    action: 'A feed from Email Threat Defense fails, or is more than an hour behind, so failed remediations are not found, or found late. GET /api/feeds has the tenant, its state and lastError. Nothing is lost while ETD still has it: 30 days of Log Export, 90 of Message Search.'
  }
  {
    name: 'throttling'
    title: 'Graph throttles the service'
    severity: 3
    query: '''
      customMetrics
      | where name in ("triage.graph.items", "triage.graph.throttled")
      | summarize items = sumif(valueSum, name == "triage.graph.items"), throttled = sumif(valueSum, name == "triage.graph.throttled")
      | project value = iff(throttled >= 20, 100.0 * throttled / items, 0.0)
    '''
    operator: 'GreaterThan'
    threshold: 10
    frequency: 'PT15M'
    window: 'PT30M'
    action: 'More than 10 % of the reads were throttled. Nothing is lost: they are retried. If it lasts, process fewer messages at a time, or find out which other app in the tenant sends so many requests.'
  }
  {
    name: 'queue-age'
    title: 'Failures wait long for their triage'
    severity: 3
    query: '''
      customMetrics
      | where name == "triage.queue.oldest" and tostring(customDimensions.queue) == "intake"
      | summarize value = max(valueMax)
    '''
    operator: 'GreaterThan'
    threshold: 1800
    frequency: 'PT15M'
    window: 'PT15M'
    action: 'A message has waited for more than half an hour. Either many failures arrived at the same time (see the workbook), or triage_failure does not run, or Graph throttles it.'
  }
  {
    name: 'queue-depth'
    title: 'Very many failures wait'
    severity: 3
    query: '''
      customMetrics
      | where name == "triage.queue.depth" and tostring(customDimensions.queue) == "intake"
      | summarize value = max(valueMax)
    '''
    operator: 'GreaterThan'
    threshold: 50000
    frequency: 'PT15M'
    window: 'PT15M'
    action: 'More than 50,000 messages are on the intake queue. The workbook shows whether their number falls. If a sender sends the same failures again and again, stop it: the same failure is one finding.'
  }
]

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

// An address that works wherever the mail is read, even if the function app does not run.
var workbookUrl = '${environment().portal}/#@${tenant().tenantId}/resource${workbookId}/workbook'
var runbook = empty(runbookUrl) ? workbookUrl : '${runbookUrl}#{0}'

resource group 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(emails)) {
  name: 'ag-triage'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'etd-triage'
    emailReceivers: [
      for (email, index) in emails: {
        name: 'email${index}'
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

resource alert 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for rule in rules: {
    name: 'triage-${rule.name}'
    location: location
    tags: tags
    properties: {
      displayName: 'ETD triage: ${rule.title}'
      description: '${rule.action} Runbook, ${rule.name}: ${format(runbook, rule.name)}'
      enabled: true
      severity: rule.severity
      scopes: [insights.id]
      evaluationFrequency: rule.frequency
      windowSize: rule.window
      autoMitigate: true
      criteria: {
        allOf: [
          {
            query: rule.query
            metricMeasureColumn: 'value'
            timeAggregation: 'Maximum'
            operator: rule.operator
            threshold: rule.threshold
            failingPeriods: {
              numberOfEvaluationPeriods: 1
              minFailingPeriodsToAlert: 1
            }
          }
        ]
      }
      actions: { actionGroups: empty(emails) ? [] : [group.id] }
    }
  }
]
