// What somebody has to know. Each alert says what to do, and where the runbook has more.
//
// The queries read what the service measures (triage/telemetry/instruments.py: the names of its metrics) and what the host tells of
// each invocation. They run on Application Insights, so its table names are used: customMetrics, requests, exceptions.

@description('Region.')
param location string
@description('Tags.')
param tags object
@description('Name of the Application Insights resource.')
param insightsName string
@description('Addresses that alerts are sent to.')
param emails array
@description('Address of the runbook.')
param runbookUrl string
@description('Hours from one audit to the next.')
param auditIntervalHours int

// value: the query's column that is compared. window: how far back each look goes. Severity 0 is the gravest, 4 the least.
var rules = [
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
    frequency: 'PT5M'
    window: 'PT15M'
    action: 'Five tries at a message failed, and it came to the poison queue. Find the finding with reason poison, read the exception of its last try, mend what it names, and retriage.'
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
    query: '''
      customMetrics
      | where name == "triage.audits"
      | where tostring(customDimensions.verdict) in ("broken", "unknown")
      | summarize value = sum(valueSum)
    '''
    operator: 'GreaterThan'
    threshold: 0
    frequency: 'PT15M'
    window: 'PT30M'
    action: 'Look at GET /api/audits/latest. broken: follow the actions of its issues, which name the permission, the app or the credential. unknown: its unreadable says what the service may not read.'
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
    // A try that goes back to the queue because time was up fails as well, as it is meant to.
    query: '''
      let waiting = exceptions
        | where type has "TriageIncompleteError" or outerMessage has "TriageIncompleteError" or tostring(details) has "TriageIncompleteError"
        | distinct operation_Id;
      requests
      | where success == false and operation_Id !in (waiting)
      | summarize value = sum(itemCount)
    '''
    operator: 'GreaterThan'
    threshold: 5
    frequency: 'PT15M'
    window: 'PT30M'
    action: 'See Application Insights, Failures, by operation. All functions at once: a setting or the last deployment. Only triage_failure: storage, or a defect; its messages are not lost.'
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
      | where name == "triage.queue.age"
      | summarize value = max(valueMax)
    '''
    operator: 'GreaterThan'
    threshold: 1800
    frequency: 'PT15M'
    window: 'PT30M'
    action: 'A message waited for more than half an hour. Either many failures came at once (see the workbook), or the function app did not run, or Graph throttles it.'
  }
]

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

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
      description: '${rule.action} Runbook: ${runbookUrl}#${rule.name}'
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
