#!/bin/sh
# Create or update the system on AWS: the stack, the CDN before it, and the console. Needs the AWS CLI and credentials.
# Variables that are not set keep what the last deployment was given.
set -eu
: "${STACK:=wirety}"
: "${BUCKET:?an S3 bucket for the package: make deploy BUCKET=…}"
: "${ORIGIN_SECRET:?32 or more random characters shared with the CDN: make deploy ORIGIN_SECRET=…}"
: "${ADMINISTRATOR:?the e-mail address of the first administrator: make deploy ADMINISTRATOR=…}"
[ -n "${OIDC_ISSUER:-}" ] || : "${POOL_DOMAIN_PREFIX:?of the sign-in page, unique in the region: make deploy POOL_DOMAIN_PREFIX=…}"
[ -z "${DOMAIN_NAME:-}" ] || : "${CERTIFICATE_ARN:?of that name, in us-east-1: make deploy CERTIFICATE_ARN=…}"
made=build/aws
mkdir -p "$made"

deploy() {  # NAME TEMPLATE PARAMETER…
  name=$1 template=$2
  shift 2
  aws cloudformation deploy --stack-name "$name" --template-file "$template" --s3-bucket "$BUCKET" \
    --no-fail-on-empty-changeset --capabilities CAPABILITY_IAM CAPABILITY_AUTO_EXPAND --parameter-overrides "$@"
}

output() {  # NAME KEY
  aws cloudformation describe-stacks --stack-name "$1" --output text \
    --query "Stacks[0].Outputs[?OutputKey=='$2'].OutputValue" 2>/dev/null || true
}

upload() {  # files with a hash in their name stay: pages that are open still ask for those of before
  aws s3 cp "$made/files/assets" "s3://$1/assets" --recursive --cache-control "public, max-age=31536000, immutable"
  aws s3 cp "$made/files" "s3://$1" --recursive --exclude "assets/*" --cache-control no-cache
}

aws cloudformation package --template-file build/package/sam.json --use-json \
  --s3-bucket "$BUCKET" --output-template-file build/package/packaged.json
set -- "OriginSecret=$ORIGIN_SECRET" "FormerOriginSecret=${FORMER_ORIGIN_SECRET:-}" "Administrator=$ADMINISTRATOR" \
  ${POOL_DOMAIN_PREFIX:+"PoolDomainPrefix=$POOL_DOMAIN_PREFIX"} ${OIDC_ISSUER:+"OidcIssuer=$OIDC_ISSUER"} \
  ${OIDC_DISCOVERY_URL:+"OidcDiscoveryUrl=$OIDC_DISCOVERY_URL"} ${OIDC_CLIENT_ID:+"OidcClientId=$OIDC_CLIENT_ID"} \
  ${OIDC_AUDIENCE:+"OidcAudience=$OIDC_AUDIENCE"} ${OIDC_GROUPS_CLAIM:+"OidcGroupsClaim=$OIDC_GROUPS_CLAIM"} \
  ${OIDC_GROUP_ROLES:+"OidcGroupRoles=$OIDC_GROUP_ROLES"} ${OIDC_SCOPE:+"OidcScope=$OIDC_SCOPE"} \
  ${DEFAULT_ROLE:+"DefaultRole=$DEFAULT_ROLE"} ${RETURN_AFTER_SECONDS:+"ReturnAfterSeconds=$RETURN_AFTER_SECONDS"} \
  ${ALARM_TOPIC_ARN:+"AlarmTopicArn=$ALARM_TOPIC_ARN"} ${REQUESTS_PER_SECOND:+"RequestsPerSecond=$REQUESTS_PER_SECOND"} \
  ${WRITES_PER_MINUTE:+"WritesPerMinute=$WRITES_PER_MINUTE"} \
  ${ENROLLMENTS_PER_MINUTE:+"EnrollmentsPerMinute=$ENROLLMENTS_PER_MINUTE"} \
  ${SESSIONS_PER_MINUTE:+"SessionsPerMinute=$SESSIONS_PER_MINUTE"} \
  ${REFUSALS_PER_MINUTE:+"RefusalsPerMinute=$REFUSALS_PER_MINUTE"} \
  ${LOG_LEVEL:+"LogLevel=$LOG_LEVEL"} ${LOG_RETENTION_DAYS:+"LogRetentionDays=$LOG_RETENTION_DAYS"} \
  ${ACCESS_LOGS:+"AccessLogs=$ACCESS_LOGS"} ${DELETION_PROTECTION:+"DeletionProtection=$DELETION_PROTECTION"}
deploy "$STACK" build/package/packaged.json "$@"

aws cloudformation describe-stacks --stack-name "$STACK" --query 'Stacks[0].Outputs' --output json > "$made/outputs.json"
.venv/bin/python -m infra.publish "$made/outputs.json" "$made"
before=$(output "$STACK-origin" Bucket)
[ -z "$before" ] || upload "$before"  # a page comes after the files it asks for
# shellcheck disable=SC2046  # one parameter a word, percent-encoded
deploy "$STACK-origin" infra/console.yaml "OriginSecret=$ORIGIN_SECRET" $(cat "$made/parameters") \
  ${DOMAIN_NAME:+"DomainName=$DOMAIN_NAME"} ${CERTIFICATE_ARN:+"CertificateArn=$CERTIFICATE_ARN"} \
  ${HOSTED_ZONE_ID:+"HostedZoneId=$HOSTED_ZONE_ID"}
[ -n "$before" ] || upload "$(output "$STACK-origin" Bucket)"

url=$(output "$STACK-origin" Url)
deploy "$STACK" build/package/packaged.json "$@" "ConsoleUrl=$url"  # people come back to it from signing in
echo "The console: $url"
