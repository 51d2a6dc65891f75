package dev.telepath.client.session;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.tunnel.transport.JoinToken;
import dev.telepath.tunnel.transport.ManagerAddress;
import dev.telepath.tunnel.transport.ManagerChannel;
import io.netty.channel.EventLoopGroup;
import io.netty.util.NetUtil;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * To a manager whose address is known, with a join token.
 *
 * @param token the join token itself; empty = read from the file
 * @param tokenFile read again at every attach, so that a fresh token is taken up; empty = none
 */
public record DirectWay(ManagerAddress address, Optional<String> token, Optional<Path> tokenFile) implements Way {
    @Override
    public String name() {
        return address.toString();
    }

    @Override
    public Opened open(EventLoopGroup loops, ManagerChannel.Limits limits, Bypass bypass) {
        bypass.leave(HostAddresses.of(address.host()));
        return new Opened(
                ManagerChannel.open(address, joinToken(), loops, limits),
                new Transport.Direct(NetUtil.toSocketAddressString(address.host(), address.port())));
    }

    @Override
    public Failure explain(Failure failure) {
        return failure;
    }

    /**
     * The token to use now; empty for a clear-text manager.
     *
     * @throws Failure of kind DENIED when there is none or it is damaged
     */
    public Optional<JoinToken> joinToken() {
        if (address.plaintext()) {
            return Optional.empty();
        }
        String next = "telepath-manager token prints one; give it with --token-file or TELEPATH_TOKEN_FILE";
        try {
            String text = token.isPresent()
                    ? token.get()
                    : Files.readString(tokenFile.orElseThrow(
                            () -> new Failure(Kind.DENIED, "a join token is needed for " + address, next)));
            return Optional.of(JoinToken.parse(text));
        } catch (IOException e) {
            throw new Failure(Kind.DENIED, "cannot read the token file: " + e.getMessage(), next, e);
        } catch (IllegalArgumentException e) {
            throw new Failure(Kind.DENIED, String.valueOf(e.getMessage()), next, e);
        }
    }

    /** Never the token. */
    @Override
    public String toString() {
        return name();
    }
}
