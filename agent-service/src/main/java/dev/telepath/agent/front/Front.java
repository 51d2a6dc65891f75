package dev.telepath.agent.front;

import dev.telepath.agent.settings.GuardedPort;
import io.netty.channel.Channel;

/**
 * A guarded port that listens.
 *
 * @param configured as the settings have it
 * @param channel bound, not yet accepting
 * @param actual where it listens
 */
public record Front(GuardedPort configured, GuardedPort actual, Channel channel) {}
