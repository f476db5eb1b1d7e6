// What somebody has to know. Each alert says what to do, and where the runbook has more.
//
// The queries read what the service measures (triage/telemetry/instruments.py has the names of its metrics) and the requests
// that the host tells of. They run on Application Insights, so its table names are used. Not `exceptions`: with
// OpenTelemetry the host sends none of a function's. Not `success` of a request: it is false for each 4xx too.

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

// value: the query's column that is compared. window: how far back each look goes. Severity 0 is the gravest, 4 the least.
var rules = [
  {
    name: 'not-running'
    title: 'The service does not run'
    severity: 1
    // The timer measure_state measures every five minutes, also while there is nothing to do.
    query: '''
      customMetrics
      | where name == "triage.queue.depth"
      | summarize value = count()
    '''
    operator: 'LessThan'
    threshold: 1
    frequency: 'PT5M'
    window: 'PT15M'
    action: 'Nothing was measured for 15 minutes. Ask GET /api/health. No answer: a setting stops the start, and Log stream of the function app names it, or the last deployment failed. An answer: storage or telemetry is out of reach of its identity.'
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
    action: 'Five tries at a message failed, and it came to the poison queue. Find the finding with reason poison, read the error of its last try, mend what it names, and retriage.'
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
    action: 'The service takes each message off the poison queue at once, and could not for an hour. Usually it can not write to storage: see GET /api/health. Messages are deleted after seven days.'
  }
  {
    name: 'rejected'
    title: 'Something came on the queue that is no failure'
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
    action: 'Look at GET /api/rejected: the reason and the whole body are there. Mend the sender, and send it again.'
  }
  {
    name: 'audit-verdict'
    title: 'Email Threat Defense cannot remediate, or nobody can tell'
    severity: 1
    // Measured every five minutes from the newest audit of each tenant: it fires until an audit finds the app repaired.
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
    action: 'Look at GET /api/audits/latest. broken: follow the actions of its issues, which name the permission, the app or the credential. unknown: its unreadable says what the service may not read. Then audit again (POST /api/audits): the alert ends when the newest audit is fine.'
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
    action: 'There was no audit in twice the time between two. See whether the function app runs, whether audit_permissions failed, and whether AUDIT_SCHEDULE says what it should. POST /api/audits audits now.'
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
    action: 'See the log for where errors were raised: traces | where message startswith "Unexpected error". All functions at once: a setting or the last deployment. Only triage_failure: storage, or a defect; its messages are not lost.'
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
    action: 'A channel refused notifications, or did not answer for 24 hours, and somebody was not told. GET /api/notifications?state=failed has the channel and what the other side said. Mend TRIAGE_NOTIFICATIONS, and try it with POST /api/notifications/test.'
  }
  {
    name: 'feed-behind'
    title: 'Failures are not found any more, or late'
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
    action: 'A feed from Email Threat Defense fails, or is more than an hour behind: failed remediations are not noticed, or late. GET /api/feeds has the tenant, its state and lastError. Nothing is lost as long as ETD still has it: 30 days of Log Export, 90 of Message Search.'
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
    action: 'More than 10 % of the reads were throttled. Nothing is lost: they are tried again. If it lasts, let fewer messages be triaged at a time, or find out what else in the tenant asks so much.'
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
    action: 'A message has waited for more than half an hour. Either many failures came at once (see the workbook), or triage_failure does not run, or Graph throttles it.'
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
    action: 'More than 50,000 messages are on the intake queue. See in the workbook whether their number falls. If a sender repeats itself, stop it: the same failure is one finding, however often it is sent.'
  }
]

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

// An address that works wherever the mail is read, also while the function app does not run.
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
