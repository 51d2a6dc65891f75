package dev.telepath.client.dns;

import com.google.protobuf.ByteString;
import dev.telepath.client.session.Attachment;
import dev.telepath.protocol.telepresence.manager.DNSRequest;
import dev.telepath.protocol.telepresence.manager.DNSResponse;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Asks the manager, which asks an agent of the namespace where there is one. */
final class ManagerLookups implements FarSide {
    /** How long a question waits for a manager that is away: programs wait for names more impatiently than for connections. */
    static final Duration HOLD = Duration.ofSeconds(2);
    /** Bytes of records taken; more are in no DNS message. */
    private static final int MOST = 65_535;

    private final Supplier<CompletionStage<Attachment>> attachments;
    private final Duration deadline;

    ManagerLookups(Supplier<CompletionStage<Attachment>> attachments, Duration deadline) {
        this.attachments = attachments;
        this.deadline = deadline;
    }

    @Override
    public CompletionStage<FarAnswer> ask(String name, int type) {
        return attachments
                .get()
                .toCompletableFuture()
                .copy()
                .orTimeout(HOLD.toMillis(), TimeUnit.MILLISECONDS)
                .thenCompose(attachment -> attachment
                        .manage()
                        .withDeadlineAfter(deadline.toMillis(), TimeUnit.MILLISECONDS)
                        .lookupDNS(DNSRequest.newBuilder()
                                .setSession(attachment.session())
                                .setName(name + ".")
                                .setType(type)
                                .build())
                        .map(ManagerLookups::answer)
                        .subscribeAsCompletionStage());
    }

    private static FarAnswer answer(DNSResponse response) {
        ByteString records = response.getRrs();
        if (records.size() > MOST) {
            throw new IllegalStateException("an answer of " + records.size() + " bytes is none of DNS");
        }
        return new FarAnswer(response.getRCode(), FarRecord.unpack(records));
    }
}
