output "athena_catalog_name" {
  description = "Name of the data source, the first part of a table's name in SQL"
  value       = aws_athena_data_catalog.lark_base.name
}

output "athena_connector_function_name" {
  description = "Name of the connector's function"
  value       = aws_lambda_function.connector.function_name
}

output "athena_connector_function_arn" {
  description = "ARN of the connector's function"
  value       = aws_lambda_function.connector.arn
}

output "athena_connector_role_arn" {
  description = "ARN of the connector's role"
  value       = local.connector_role_arn
}

output "crawler_function_name" {
  description = "Name of the crawler's function"
  value       = aws_lambda_function.crawler.function_name
}

output "crawler_function_arn" {
  description = "ARN of the crawler's function"
  value       = aws_lambda_function.crawler.arn
}

output "crawler_role_arn" {
  description = "ARN of the crawler's role"
  value       = local.crawler_role_arn
}

output "lark_app_secret_arn" {
  description = "The secret that holds lark_app_id and lark_app_secret"
  value       = local.secret
}

output "kms_policy_arn" {
  description = "ARN of the policy that a role of your own needs for the KMS key"
  value       = local.use_kms ? aws_iam_policy.kms[0].arn : null
}
