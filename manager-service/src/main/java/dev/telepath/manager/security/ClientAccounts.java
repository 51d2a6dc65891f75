package dev.telepath.manager.security;

/**
 * Token reviews that say besides whether an account of its own is a client's: whoever may have tokens of the clients'
 * account is one, for it could come with those.
 */
final class ClientAccounts implements TokenReviews {
    private final TokenReviews tokens;
    private final AccessReviews.Source access;
    private final AccessReviews.Right shared;

    /**
     * @param namespace of the manager
     * @param account name of the clients' service account there
     */
    ClientAccounts(TokenReviews tokens, AccessReviews.Source access, String namespace, String account) {
        this.tokens = tokens;
        this.access = access;
        this.shared = new AccessReviews.Right("create", "", "serviceaccounts/token", namespace, account);
    }

    @Override
    public Answer review(String token) throws Unavailable {
        Answer answer = tokens.review(token);
        if (!(answer instanceof Answer.Vouched vouched)
                || vouched.extra().containsKey(KubernetesIdentity.POD_NAME)
                || vouched.account()
                        .user()
                        .equals(KubernetesIdentity.ACCOUNT + shared.namespace() + ":" + shared.name())) {
            return answer;
        }
        return new Answer.Vouched(vouched.account(), vouched.extra(), access.allowed(vouched.account(), shared));
    }
}
