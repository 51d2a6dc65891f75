package dev.telepath.manager.engagement;

import com.google.protobuf.Timestamp;
import dev.telepath.manager.engagement.Dispositions.Event;
import dev.telepath.manager.engagement.Dispositions.State;
import dev.telepath.manager.session.AgentSession;
import dev.telepath.protocol.telepresence.manager.InterceptDispositionType;
import dev.telepath.protocol.telepresence.manager.InterceptInfo;
import dev.telepath.protocol.telepresence.manager.ReviewInterceptRequest;
import java.util.Optional;

/** What an agent's review makes of an engagement. Pure. */
final class Reviews {
    private Reviews() {}

    /** The engagement after the review; empty when the review comes too late or says nothing. */
    static Optional<Engagement> apply(
            Engagement one, AgentSession agent, ReviewInterceptRequest review, Timestamp now) {
        boolean revoking = one.info().getDisposition() == InterceptDispositionType.ACTIVE;
        if (revoking && one.carrier() != agent) {
            return Optional.empty();
        }
        State next = Dispositions.next(one.state(), event(review));
        if (next.equals(one.state())) {
            return Optional.empty();
        }
        InterceptInfo.Builder info = one.info().toBuilder()
                .setDisposition(next.disposition())
                .setMessage(next.message())
                .setModifiedAt(now);
        if (next.disposition() != InterceptDispositionType.ACTIVE) {
            return Optional.of(one.with(info.build()));
        }
        String podIp = review.getPodIp().isEmpty() ? agent.info().getPodIp() : review.getPodIp();
        info.setMessage(review.getMessage())
                .setPodIp(podIp)
                .setPodName(agent.info().getPodName())
                .setApiPort(agent.info().getApiPort())
                .setSftpPort(review.getSftpPort())
                .setFtpPort(review.getFtpPort())
                .setMountPoint(review.getMountPoint())
                .setMechanismArgsDesc(review.getMechanismArgsDesc())
                .clearHeaders()
                .putAllHeaders(review.getHeadersMap())
                .clearMetadata()
                .putAllMetadata(review.getMetadataMap())
                .clearEnvironment()
                .putAllEnvironment(review.getEnvironmentMap())
                .clearMounts()
                .putAllMounts(review.getMountsMap());
        return Optional.of(one.carriedBy(agent, info.build()));
    }

    private static Event event(ReviewInterceptRequest review) {
        if (review.getDisposition() == InterceptDispositionType.ACTIVE) {
            return new Event.Approved();
        }
        return new Event.Refused(review.getMessage().isEmpty() ? "the agent refused" : review.getMessage());
    }
}
