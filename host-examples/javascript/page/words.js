// Every text of the page, in both languages. `…` between backquotes is code.

const en = {
  title: 'What does this ITSM callback prove?',
  lead: 'Paste what your endpoint received, also a whole request into one field. The component `itsm-callbacks.wasm` reads it here, in your browser: nothing that you enter leaves this page.',
  example: 'Fill in an example',
  clear: 'Clear everything',

  says: 'What it says',
  provesNot: 'What it does not prove',
  nothing: 'Nothing has been entered yet.',

  bodyTitle: 'The body',
  bodyLabel: 'The body of the callback, exactly as received',
  bodyHint:
    'Or the whole request, as `curl -v` or a log shows it. The token of the body counts as a secret of ITSM’s: it is not shown below.',
  bodyNot1: 'That ITSM sent it. Anybody who can reach your address can post such a body.',
  bodyNot2:
    'That it is true, or that anybody approved. The verdict is what the sender wants you to believe, and ITSM’s own result is also yes where nobody was asked.',
  bodyNot3: 'That the ticket is yours. Numbers can be guessed, and nothing makes them unique.',
  bodyNot4: 'The token adds nothing. It is one constant for all tickets and all receivers, and it never expires.',

  approved: 'It claims that the ticket was approved.',
  rejected: 'It claims that an approval said no.',
  completed: 'It claims that the flow ran to its end and that nobody was asked.',
  withdrawn: 'It claims that the creator took the ticket back. That is not a refusal.',
  terminated: 'It claims that the ticket was stopped before its end.',
  closed: 'It claims that the ticket ended with a status of the site’s own.',
  open: 'It claims that the ticket has not ended. ITSM itself calls back at the end only.',
  selfCheck: 'This is the self-check that `diagnosis.check-callback-url` posts, and no ticket’s callback.',
  tooLarge: 'No callback: it is larger than {0} bytes.',
  malformed: 'No callback: it is not a JSON object that can be read.',
  field: 'No callback: something is wrong with the member `{0}`.',
  unreadable: 'No callback.',
  component: 'The component’s own words: ',
  twoBodies: 'Both fields hold a body, and the two differ. Remove one.',
  noBodyShown: 'The request is shown without its body, as `curl -v` does it. Paste the body here.',
  several: 'The text holds several requests, or the header in several places. Paste one request.',

  sn: 'Number',
  ticketTitle: 'Title',
  status: 'Status',
  approveResult: 'Approval result',
  yes: 'true',
  no: 'false',
  noResult: '{0}: neither a yes nor a no, as the status is not FINISHED',
  updatedBy: 'Handled by',
  lastApprovers: 'Last approved by',
  updatedAt: 'Last changed',
  ticketUrl: 'Page',
  none: 'not told',

  headerTitle: 'The header',
  headerLabel: '`X-Itsm-Binding`: its value, or all headers as received',
  headerHint:
    'Lines, a dictionary of Python, Node, Go or another language, `HTTP_X_ITSM_BINDING`, or the whole request with its body.',
  keyLabel: 'The binding keys',
  keyHint: 'One key, or several with commas. Used in this page only, and forgotten when you leave it.',
  addressLabel: 'The callback address',
  addressHint: 'Exactly as it was given to ITSM.',
  addressGuessed:
    'A guess from the request, which does not tell `http` from `https`: compare it with the address that was given to ITSM.',
  foundInOther: 'Found in the other field.',
  headerNot1:
    'The body. Whoever reads the header on its way, in plain http or in a log, can post another body under it, or have ITSM post one for a ticket of their own.',
  headerNot2: 'An approval. The header was made before the ticket was: it names the operation, and not how it ended.',
  headerNot3: 'That it comes for the first time. Somebody may repeat it.',
  headerNot4:
    'If it does not hold: that somebody forged it. A wrong key or a differently written address looks the same.',

  needKey: 'Enter the key and the address too: without them nothing can be checked.',
  needAddress: 'Enter the callback address too: the header holds for one address only.',
  bound: 'The header holds: it was made with this key, for this address and this operation.',
  absent: 'There is no header `X-Itsm-Binding`. Servers before V2.6.3 do not send it.',
  malformedHeader: 'The header is there twice, or is not of a binding’s form.',
  badAddress: 'This is no callback address.',
  unknownKey: 'The header names a key that is not entered here.',
  forged: 'The header was not made with the key that it names, or not for this address.',
  forgedGuess: 'The header was not made for this address, which is a guess, or not with the key that it names.',
  expired: 'The header is genuine, but its time is over.',
  invalidKey: 'Key number {0} is no key. A key has the form `itsm-key.ID.HEX`, with 64 to 128 hex digits.',
  unbound: 'The header does not hold.',
  unreadableHeaders:
    'No header can be found in this text. Paste lines such as `Name: value`, a dictionary of headers, the whole request, or the value alone.',
  noValue: 'The text names the header, but its value can’t be found. Paste the line of the header, or the value alone.',
  twoHeaders: 'Both fields hold headers, and the two differ. Remove one.',

  operationId: 'Operation',
  callbackUrl: 'Address',
  expires: 'Holds until',

  verdictNothing: 'Paste what your endpoint received: the first answer appears here.',
  verdictPaste:
    'Nothing is proven, because not all of the text can be read: the sentence at its field says what to paste.',
  verdictNoCallback: 'Nothing is proven, and this body is no callback: answer `refused`.',
  verdictBody: 'Nothing is proven, because anybody can post such a body: paste the headers of the request too.',
  verdictEnter:
    'Nothing is proven yet: enter the binding key and the exact callback address, with which the header is checked.',
  verdictAbsent:
    'Nothing is proven without the header: answer `refused`, and see whether ITSM is older than V2.6.3 or a proxy removes headers.',
  verdictMalformed: 'Nothing is proven, because no single header of a binding’s form is there: answer `refused`.',
  verdictUnknownKey:
    'Nothing is proven: enter the key that the header names, or answer `refused` if it is none of yours.',
  verdictForged:
    'Nothing is proven: compare the key and the address with your settings, and answer `refused` if both are right.',
  verdictGuess: 'Nothing is proven, because the address is a guess: enter it exactly as it was given to ITSM.',
  verdictExpired:
    'The header provably belongs to your operation `{0}`, but its time is over: answer `refused`, and ask ITSM for the ticket by its number.',
  verdictBoundAlone: 'The header provably belongs to your operation `{0}`: paste the body too, which names the ticket.',
  verdictBoundNoCallback:
    'The header provably belongs to your operation `{0}`, but this body is no callback: answer `refused`.',
  verdictSelfCheck: 'The header holds, and the body is a self-check: answer `accepted`, and do nothing else.',
  verdictBound:
    'The header provably belongs to your operation `{0}`, but the body is only a claim: ask ITSM with `tickets.confirm`, and act on its answer.',

  actTitle: 'What to act on',
  act: 'Only on what ITSM itself says. A receiver checks the header and reads the body with `callbacks.receive`, asks ITSM with `tickets.confirm`, acts on the outcome, and answers `accepted`. When a step fails it answers `refused`.',
  ask: 'So ask now: `{0}`. The tag comes with the header that holds. It is a secret, and is not shown here.',
  dontAsk: 'With a body that can be read and a header that holds, the question to ask appears here.',
};

/** @type {typeof en} */
const zh = {
  title: '这条 ITSM 回调能证明什么？',
  lead: '请粘贴您的接收端收到的内容，也可以把整个请求粘贴到一个框里。组件 `itsm-callbacks.wasm` 就在您的浏览器里读取它：您输入的任何内容都不会离开本页。',
  example: '填入示例',
  clear: '全部清空',

  says: '它说了什么',
  provesNot: '它不能证明什么',
  nothing: '尚未输入内容。',

  bodyTitle: '正文',
  bodyLabel: '回调的正文，请原样粘贴',
  bodyHint: '也可以粘贴 `curl -v` 或日志里的整个请求。正文中的 token 是 ITSM 的机密，下方不会显示。',
  bodyNot1: '不能证明它来自 ITSM。凡是能访问您地址的人，都能发来这样的正文。',
  bodyNot2:
    '不能证明它属实，也不能证明有人审批过。结论只是发送者希望您相信的；流程中没有任何审批时，ITSM 自己的结果也是通过。',
  bodyNot3: '不能证明单据是您的。单号可以猜到，也没有什么保证它唯一。',
  bodyNot4: 'token 不增加任何证明。对所有单据、所有接收方，它都是同一个常量，且永不过期。',

  approved: '它声称：单据已审批通过。',
  rejected: '它声称：有审批被拒绝。',
  completed: '它声称：流程已走完，途中没有任何审批。',
  withdrawn: '它声称：提单人撤回了单据。这不等于拒绝。',
  terminated: '它声称：单据在走完流程之前被终止。',
  closed: '它声称：单据以站点自定的状态结束。',
  open: '它声称：单据尚未结束。ITSM 自己只在单据结束时回调。',
  selfCheck: '这是 `diagnosis.check-callback-url` 发出的自检，不是单据的回调。',
  tooLarge: '不是回调：超过了 {0} 字节。',
  malformed: '不是回调：它不是可以读取的 JSON 对象。',
  field: '不是回调：成员 `{0}` 有问题。',
  unreadable: '不是回调。',
  component: '组件的原话（英文）：',
  twoBodies: '两个框里都有正文，而且不同。请去掉一份。',
  noBodyShown: '请求中没有显示正文，`curl -v` 就是如此。请把正文粘贴到这里。',
  several: '内容中有多个请求，或者多处出现这个请求头。请只粘贴一个请求。',

  sn: '单号',
  ticketTitle: '标题',
  status: '状态',
  approveResult: '审批结果',
  yes: '通过（true）',
  no: '未通过（false）',
  noResult: '{0}（状态不是 FINISHED，此值既不表示通过，也不表示拒绝）',
  updatedBy: '处理人',
  lastApprovers: '最后审批人',
  updatedAt: '更新时间',
  ticketUrl: '单据页面',
  none: '未说明',

  headerTitle: '请求头',
  headerLabel: '请求头 `X-Itsm-Binding` 的值，或收到的全部请求头',
  headerHint: '可以是若干行，Python、Node、Go 等语言的字典，`HTTP_X_ITSM_BINDING`，或者带正文的整个请求。',
  keyLabel: '绑定密钥',
  keyHint: '一个密钥，或用逗号分隔的多个密钥。只在本页使用，离开后即被遗忘。',
  addressLabel: '回调地址',
  addressHint: '须与提供给 ITSM 的完全一致。',
  addressGuessed: '这是从请求中猜出的地址，请求并不说明是 `http` 还是 `https`：请与提供给 ITSM 的地址核对。',
  foundInOther: '已在另一个框中找到。',
  headerNot1:
    '不能证明正文。谁在途中（明文 http、日志）看到这个请求头，谁就能用它发来另一份正文，或者让 ITSM 为他自己的单据发来回调。',
  headerNot2: '不能证明已通过。请求头在提单之前就已生成：它指明操作，而不是结果。',
  headerNot3: '不能证明这是第一次收到。它可能被人重复发送。',
  headerNot4: '如果它不成立，也不能证明有人伪造：密钥不对，或地址写法不同，结果看上去都一样。',

  needKey: '请再输入密钥和地址，否则无法核对。',
  needAddress: '请再输入回调地址：请求头只对一个地址成立。',
  bound: '请求头成立：它是用这个密钥、为这个地址和这次操作生成的。',
  absent: '没有请求头 `X-Itsm-Binding`。V2.6.3 之前的服务端不会发送它。',
  malformedHeader: '请求头出现了两次，或者不符合绑定的格式。',
  badAddress: '这不是回调地址。',
  unknownKey: '请求头指明的密钥没有输入。',
  forged: '请求头不是用它指明的密钥生成的，或者不是为这个地址生成的。',
  forgedGuess: '请求头不是为这个猜出的地址生成的，或者不是用它指明的密钥生成的。',
  expired: '请求头是真的，但已经过期。',
  invalidKey: '第 {0} 个不是密钥。密钥的格式是 `itsm-key.ID.HEX`，其中有 64 到 128 位十六进制数字。',
  unbound: '请求头不成立。',
  unreadableHeaders: '在这段内容中找不到请求头。请粘贴 `名称: 值` 这样的行、请求头的字典、整个请求，或者只粘贴值。',
  noValue: '内容提到了这个请求头，但找不到它的值。请粘贴请求头所在的行，或者只粘贴值。',
  twoHeaders: '两个框里都有请求头，而且不同。请去掉一份。',

  operationId: '操作',
  callbackUrl: '地址',
  expires: '有效期至',

  verdictNothing: '请粘贴您的接收端收到的内容，结论会显示在这里。',
  verdictPaste: '什么都没有证明，因为有内容无法读取：应当粘贴什么，见该框下方的说明。',
  verdictNoCallback: '什么都没有证明，而且这份正文不是回调：请回复 `refused`。',
  verdictBody: '什么都没有证明，因为任何人都能发来这样的正文：请再粘贴请求头。',
  verdictEnter: '尚未证明什么：请输入绑定密钥和准确的回调地址，用来核对请求头。',
  verdictAbsent:
    '没有请求头，就什么都没有证明：请回复 `refused`，并检查 ITSM 是否早于 V2.6.3，或者代理是否去掉了请求头。',
  verdictMalformed: '什么都没有证明，因为没有唯一一个符合绑定格式的请求头：请回复 `refused`。',
  verdictUnknownKey: '什么都没有证明：请输入请求头指明的密钥；如果它不是您的，请回复 `refused`。',
  verdictForged: '什么都没有证明：请把密钥和地址与您的设置核对，如果都正确，请回复 `refused`。',
  verdictGuess: '什么都没有证明，因为地址是猜出来的：请按提供给 ITSM 的写法准确输入。',
  verdictExpired: '请求头确实属于您的操作 `{0}`，但已经过期：请回复 `refused`，并按单号向 ITSM 查询单据。',
  verdictBoundAlone: '已证明请求头属于您的操作 `{0}`：请再粘贴正文，其中有单号。',
  verdictBoundNoCallback: '已证明请求头属于您的操作 `{0}`，但这份正文不是回调：请回复 `refused`。',
  verdictSelfCheck: '请求头成立，正文是自检：请回复 `accepted`，不做其他任何事。',
  verdictBound: '已证明请求头属于您的操作 `{0}`，正文则只是声称：请用 `tickets.confirm` 询问 ITSM，只按它的答复行动。',

  actTitle: '应以什么为准',
  act: '只以 ITSM 自己的答复为准。接收方先用 `callbacks.receive` 核对请求头并读取正文，再用 `tickets.confirm` 询问 ITSM，按得到的结果行动，并回复 `accepted`。任何一步失败都回复 `refused`。',
  ask: '现在应当询问：`{0}`。其中的 tag 由成立的请求头得出，它是机密，这里不显示。',
  dontAsk: '当正文可以读取、请求头也成立时，这里会显示应当询问什么。',
};

export const WORDS = { en, zh };
