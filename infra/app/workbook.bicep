// What the service has found, and how it fares, on one page: Application Insights, Workbooks.

@description('Region.')
param location string
@description('Tags.')
param tags object
@description('Name of the Application Insights resource.')
param insightsName string

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(insights.id, 'etd-triage')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'ETD remediation triage'
    category: 'workbook'
    sourceId: insights.id
    serializedData: loadTextContent('workbook.json')
  }
}

output id string = workbook.id
