package dev.telepath.client.dns;

import dev.telepath.client.session.Attachment;
import dev.telepath.dns.Answer;
import dev.telepath.dns.Lookup;
import dev.telepath.protocol.telepresence.manager.DNSRequest;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Asks the manager, which asks an agent of the namespace where there is one. Names are in lower case, without the last dot. */
final class ManagerLookups implements Lookup {
    /** How long a question waits for a manager that is away: programs wait for names more impatiently than for connections. */
    static final Duration HOLD = Duration.ofSeconds(2);

    private final Supplier<CompletionStage<Attachment>> attachments;
    private final Duration deadline;

    ManagerLookups(Supplier<CompletionStage<Attachment>> attachments, Duration deadline) {
        this.attachments = attachments;
        this.deadline = deadline;
    }

    @Override
    public CompletionStage<Answer> ask(String name, int type) {
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
                        .map(Answer::of)
                        .subscribeAsCompletionStage());
    }
}
