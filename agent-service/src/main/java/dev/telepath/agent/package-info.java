/** The agent: guards the ports of a workload, diverts and copies what arrives there for clients. */
@NullMarked
package dev.telepath.agent;

import org.jspecify.annotations.NullMarked;
