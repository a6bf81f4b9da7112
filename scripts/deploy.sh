#!/bin/sh
# Upload build/package and create or update the stack on AWS. Needs the AWS CLI and credentials.
set -eu
: "${STACK:=wirety}"
: "${BUCKET:?an S3 bucket for the package: make deploy BUCKET=…}"
: "${ORIGIN_SECRET:?32 or more random characters shared with the CDN: make deploy ORIGIN_SECRET=…}"

aws cloudformation package --template-file build/package/sam.json --use-json \
  --s3-bucket "$BUCKET" --output-template-file build/package/packaged.json
aws cloudformation deploy --template-file build/package/packaged.json --stack-name "$STACK" \
  --s3-bucket "$BUCKET" --capabilities CAPABILITY_IAM CAPABILITY_AUTO_EXPAND --parameter-overrides "OriginSecret=$ORIGIN_SECRET"
aws cloudformation describe-stacks --stack-name "$STACK" --query 'Stacks[0].Outputs' --output table
