#!/bin/sh
# ./dev deploy: the zip goes to a bucket, CloudFormation makes or updates the rest (deploy/template.yaml).
set -eu
cd "$(dirname "$0")/.."
aws=${AWS_CLI:-aws}

usage() {
    cat <<'TEXT'
usage: ./dev deploy --stack NAME --bucket BUCKET [--arch x86_64|arm64] [--flows FOLDER] [--dry-run] [NAME=VALUE...]

  --stack NAME     the CloudFormation stack: made, or updated
  --bucket BUCKET  where the zip goes; it must exist, in the stack's region
  --arch ARCH      default arm64
  --flows FOLDER   default flows
  --dry-run        show what would change, and change nothing
  NAME=VALUE       a parameter of deploy/template.yaml: ApiUrl=https://api.example.com Timeout=300

Exit status: 0 deployed or shown, 1 not, 2 usage or a parameter that breaks a rule, 3 something is missing here.
TEXT
}

die() { printf 'deploy: %s\n' "$*" >&2; exit 1; }
say() { printf '%s\n' "$*" >&2; }
refuse() { printf 'deploy: %s\nTry: ./dev deploy --help\n' "$*" >&2; exit 2; }

stack= bucket= arch=arm64 flows=flows dry=
# parameters that rules speak of; a value of the stack's own, from an earlier deploy, is CloudFormation's to judge
QueueType=standard Timeout=300 BatchSize=10 BatchingWindow=0 MaximumConcurrency=10 MaxReceiveCount=5

# --- rules: each is refused before anything is sent ----------------------------------------------

number() { case $2 in '' | *[!0-9]*) refuse "$1=$2: must be a whole number" ;; esac; }

# between NAME VALUE LEAST MOST WHY
between() {
    number "$1" "$2"
    [ "$2" -ge "$3" ] && [ "$2" -le "$4" ] || refuse "$1=$2: must be $3 to $4: $5"
}

check_rules() {
    case $QueueType in standard | fifo) ;; *) refuse "QueueType=$QueueType: standard or fifo" ;; esac
    case $Timeout in
    30 | 60 | 120 | 300 | 600 | 900) ;;
    *) refuse "Timeout=$Timeout: 30, 60, 120, 300, 600 or 900: the queue's visibility timeout, 6 x Timeout + 300, is a table of these" ;;
    esac
    between BatchingWindow "$BatchingWindow" 0 300 "a mapping waits no longer for company"
    number BatchSize "$BatchSize"
    [ "$BatchSize" -le 10 ] || refuse "BatchSize=$BatchSize: must be 1 to 10: more want a batching window, and would outlive the invocation"
    between BatchSize "$BatchSize" 1 10 "an invocation has at least one job"
    [ "$QueueType" = standard ] || [ "$BatchingWindow" -eq 0 ] ||
        refuse "BatchingWindow=$BatchingWindow: a FIFO queue has no batching window"
    between MaximumConcurrency "$MaximumConcurrency" 2 1000 "Lambda's own bounds"
    between MaxReceiveCount "$MaxReceiveCount" 4 1000 "above EXECUTOR_MAX_RECEIVES (3), else a job is a dead letter before it is failed"
}

take_parameter() {
    name=${1%%=*}
    grep -q "^  $name:\$" deploy/template.yaml && case $name in *[!A-Za-z]*) false ;; esac ||
        refuse "$name is no parameter of deploy/template.yaml"
    case $name in
    Architecture | CodeBucket | CodeKey) refuse "$name: say --arch, --bucket" ;;
    QueueType) QueueType=${1#*=} ;;
    Timeout) Timeout=${1#*=} ;;
    BatchSize) BatchSize=${1#*=} ;;
    BatchingWindow) BatchingWindow=${1#*=} ;;
    MaximumConcurrency) MaximumConcurrency=${1#*=} ;;
    MaxReceiveCount) MaxReceiveCount=${1#*=} ;;
    esac
}

count=$#
while [ "$count" -gt 0 ]; do
    case $1 in
    --stack) stack=${2:-} ;;
    --bucket) bucket=${2:-} ;;
    --arch) arch=${2:-} ;;
    --flows) flows=${2:-} ;;
    --dry-run) dry=yes; shift; count=$((count - 1)); continue ;;
    -h | --help) usage; exit 0 ;;
    *=*) take_parameter "$1"; set -- "$@" "$1"; shift; count=$((count - 1)); continue ;;
    *) refuse "'$1' is no option of it" ;;
    esac
    [ "$count" -ge 2 ] || refuse "$1 wants a value"
    shift 2
    count=$((count - 2))
done
[ -n "$stack" ] || refuse "which stack? --stack NAME"
[ -n "$bucket" ] || refuse "which bucket? --bucket BUCKET"
check_rules
command -v "$aws" >/dev/null || { say "deploy: there is no AWS CLI ($aws): apt-get install awscli, or name it in AWS_CLI"; exit 3; }

# --- the zip -------------------------------------------------------------------------------------

if [ -n "${PACKAGE_ZIP:-}" ]; then
    zip=$PACKAGE_ZIP
else
    line=$(sh deploy/package.sh --arch "$arch" --flows "$flows")
    say "$line"
    zip=${line%% *}
fi
# a name of its own for each content: an update sees it, and what ran before is still there
key=moonmill/$(basename "$zip" .zip)-$(sha256sum <"$zip" | cut -c -16).zip

# --- the stack -----------------------------------------------------------------------------------

status() { "$aws" cloudformation describe-stacks --stack-name "$stack" --query 'Stacks[0].StackStatus' --output text 2>/dev/null || echo NONE; }

# deploy OPTION...: the change set is CloudFormation's
deploy() {
    option=$1
    shift
    "$aws" cloudformation deploy --template-file deploy/template.yaml --stack-name "$stack" \
        --capabilities CAPABILITY_IAM --no-fail-on-empty-changeset "$option" --parameter-overrides \
        CodeBucket="$bucket" CodeKey="$key" Architecture="$arch" "$@"
}

show_changes() {
    before=$(status)
    deploy --no-execute-changeset "$@" >&2
    set=$("$aws" cloudformation list-change-sets --stack-name "$stack" --query 'Summaries[-1].ChangeSetName' --output text)
    [ "$set" != None ] || return 0
    "$aws" cloudformation describe-change-set --stack-name "$stack" --change-set-name "$set" --output table \
        --query 'Changes[].ResourceChange.{Action:Action,Resource:LogicalResourceId,Type:ResourceType,Replaced:Replacement}'
    "$aws" cloudformation delete-change-set --stack-name "$stack" --change-set-name "$set"
    # a stack that was only looked at
    [ "$before" != NONE ] || "$aws" cloudformation delete-stack --stack-name "$stack"
}

if [ -n "$dry" ]; then
    show_changes "$@"
    exit 0
fi
"$aws" s3 cp --only-show-errors "$zip" "s3://$bucket/$key" || die "the zip cannot be put into s3://$bucket"
deploy --no-disable-rollback "$@" >&2 || die "CloudFormation did not take it; why: $aws cloudformation describe-stack-events --stack-name $stack"
"$aws" cloudformation describe-stack-resources --stack-name "$stack" --output table \
    --query 'StackResources[?contains(`["Jobs","DeadLetters","Function"]`, LogicalResourceId)].[LogicalResourceId,PhysicalResourceId]'
