"""rules: what a queue, a function and the mapping between them must have so that no message is lost; told
of a CloudFormation or SAM template with its parameters put in.
"""

import yaml

EXECUTOR_MAX_RECEIVES = 3
ABSENT = object()
SECTIONS = ("Parameters", "Rules", "Conditions", "Mappings", "Resources", "Outputs")


class _Loader(yaml.SafeLoader):
    pass


def _function(loader, suffix, node):
    """!Name value, as the long form {"Fn::Name": value}."""
    kinds = {"scalar": loader.construct_scalar, "sequence": loader.construct_sequence,
             "mapping": loader.construct_mapping}
    value = kinds[node.id](node) if node.id == "scalar" else kinds[node.id](node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else "Fn::" + suffix: value}


_Loader.add_multi_constructor("!", _function)


def load(path):
    return yaml.load(path.read_text(), _Loader)


class Deployed:
    """A template with parameters: its resources' properties as CloudFormation would see them."""

    def __init__(self, template, parameters):
        self.template = template
        given = {name: each.get("Default", "") for name, each in template["Parameters"].items()}
        self.parameters = given | parameters

    def holds(self, name):
        return self._value(self.template["Conditions"][name])

    def _value(self, value):
        if isinstance(value, list):
            return [each for each in map(self._value, value) if each is not ABSENT]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            name, argument = next(iter(value.items()))
            if hasattr(self, name.replace("Fn::", "_fn_")):
                return getattr(self, name.replace("Fn::", "_fn_"))(argument)
            if name == "Ref":
                return ABSENT if argument == "AWS::NoValue" else self.parameters.get(argument, argument)
        resolved = {name: self._value(each) for name, each in value.items()}
        return {name: each for name, each in resolved.items() if each is not ABSENT}

    def _fn_If(self, argument):
        condition, then, other = argument
        return self._value(then if self.holds(condition) else other)

    def _fn_Equals(self, argument):
        first, second = map(self._value, argument)
        return str(first) == str(second)

    def _fn_Not(self, argument):
        return not self._value(argument[0])

    def _fn_And(self, argument):
        return all(map(self._value, argument))

    def _fn_FindInMap(self, argument):
        table, row, column = map(self._value, argument)
        return self.template["Mappings"][table][str(row)][column]

    def of_type(self, kind):
        return {name: self._value(each["Properties"]) for name, each in self.template["Resources"].items()
                if each["Type"] == kind}

    def function(self):
        made = self.of_type("AWS::Lambda::Function") | self.of_type("AWS::Serverless::Function")
        return next(iter(made.values()))

    def mapping(self):
        made = self.of_type("AWS::Lambda::EventSourceMapping")
        if made:
            return next(iter(made.values()))
        return next(event["Properties"] for event in self.function()["Events"].values()
                    if event["Type"] == "SQS")

    def refused(self):
        """What CloudFormation's own rules say of the parameters."""
        found = []
        for rule in self.template["Rules"].values():
            if "RuleCondition" in rule and not self._value(rule["RuleCondition"]):
                continue
            found += [each["AssertDescription"] for each in rule["Assertions"]
                      if not self._value(each["Assert"])]
        return found


def _of_mapping(mapping, fifo):
    size, window = int(mapping.get("BatchSize", 10)), int(mapping.get("MaximumBatchingWindowInSeconds", 0))
    if "ReportBatchItemFailures" not in mapping.get("FunctionResponseTypes", []):
        yield "without ReportBatchItemFailures Lambda deletes the failed jobs of a batch"
    if size > 10 and (fifo or window == 0):
        yield "a batch of %d wants a batching window, and a standard queue" % size
    if fifo and "MaximumBatchingWindowInSeconds" in mapping:
        yield "a FIFO queue has no batching window"
    if "ScalingConfig" in mapping and "ProvisionedPollerConfig" in mapping:
        yield "MaximumConcurrency and provisioned pollers exclude each other"


def findings(deployed):
    queues, mapping = deployed.of_type("AWS::SQS::Queue"), deployed.mapping()
    jobs, dead = queues["Jobs"], queues["DeadLetters"]
    fifo = bool(jobs.get("FifoQueue"))
    found = list(_of_mapping(mapping, fifo))
    least = 6 * int(deployed.function()["Timeout"]) + int(mapping.get("MaximumBatchingWindowInSeconds", 0))
    if int(jobs.get("VisibilityTimeout", 30)) < least:
        found.append("the visibility timeout is %s s; 6 x the function's timeout + the window is %d" % (
            jobs.get("VisibilityTimeout", 30), least))
    if int(jobs["RedrivePolicy"]["maxReceiveCount"]) <= EXECUTOR_MAX_RECEIVES:
        found.append("maxReceiveCount must be above EXECUTOR_MAX_RECEIVES (%d)" % EXECUTOR_MAX_RECEIVES)
    if bool(dead.get("FifoQueue")) != fifo:
        found.append("dead letters must be of the queue's own type")
    return found
