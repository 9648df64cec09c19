"""The CDK application: one construct per capability, one stack that composes them."""

from infra.node import use_the_packaged_node

use_the_packaged_node()  # the CDK's library starts Node as soon as it is imported
