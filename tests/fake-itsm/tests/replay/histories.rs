//! What was done to the recorded tickets, in its order. What is played is recorded; all else is what was done
//! between recordings.

use super::exchange::{Exchange, Front};
use super::scene::{Played, Scene, fast};
use fake_itsm::Options;
use serde_json::{Value, json};
use std::time::Duration;

const FOR_EVER: Duration = Duration::from_secs(100_000);

/// The keys of the built-in approval's form: on the two recorded servers, and here.
const KEYS: [[&str; 3]; 3] = [
    [
        "ab544e65785a16a6fa9dd046da5517b5",
        "Z0478383fc4023791b60654429b10823",
        "ab544e65785a16a6fa9dd0460000000f",
    ],
    [
        "Ha14e74c663a2e879d9f9d5ac1384d55",
        "dee63f994a33df146b5606c44c694ee8",
        "dee63f994a33df146b5606c40000000f",
    ],
    [
        "c7aa159f3147852f293e1fed4d8631e9",
        "c1a63da33b1de79e9b7d50c7e4e132c3",
        "c1a63da33b1de79e9b7d50c70000000f",
    ],
];

/// The histories, to be played one after the other.
pub struct Stage<'a> {
    pub exchanges: &'a [Exchange],
    pub played: &'a mut Played,
}

impl Stage<'_> {
    async fn scene(&mut self, front: Front, set_up: impl FnOnce(&mut Options)) -> Scene<'_> {
        let mut scene = Scene::start(self.exchanges, self.played, front, set_up).await;
        for [first, second, here] in KEYS {
            scene.means(first, here);
            scene.means(second, here);
        }
        scene
    }

    async fn bare(&mut self) -> Scene<'_> {
        self.scene(Front::Bare, |_| ()).await
    }

    async fn gateway(&mut self) -> Scene<'_> {
        self.scene(Front::Gateway, |_| ()).await
    }

    async fn without_worker(&mut self, front: Front) -> Scene<'_> {
        self.scene(front, |options| options.start_after = FOR_EVER).await
    }

    /// Plays all of them.
    pub async fn play(&mut self) {
        self.approvals().await;
        self.decided_and_not_closed().await;
        self.odd_decisions().await;
        self.nodes().await;
        self.withdrawals().await;
        self.suspensions().await;
        self.slow_workers().await;
        self.callbacks().await;
        self.follow_up().await;
        self.flows().await;
        self.fields().await;
        self.second_server().await;
        self.fronts().await;
        self.lists().await;
    }

    /// Lists, on as many tickets as were there.
    async fn lists(&mut self) {
        // One answer held all tickets of the first server.
        let all = self.rows("get_tickets_page_size_neg");
        let mut s = self.without_worker(Front::Bare).await;
        for row in all.iter().rev() {
            s.bring(row, &json!({})).await;
        }
        s.play(
            "get_tickets_page_size_neg get_tickets_default get_tickets_empty_body get_tickets_biz \
            get_tickets_end_at get_tickets_page_size_float get_tickets_page_size_query \
            get_tickets_project_key get_tickets_status_in get_tickets_status_in_str \
            get_tickets_project_key_unknown get_tickets_tag_unknown get_tickets_username_outsider \
            get_tickets_page_0 get_tickets_page_999",
        )
        .await;

        // Of the others, the page that was asked for is known, and how many there were.
        for (front, exchange, also) in [
            (Front::Bare, "get_tickets_tag_case", json!({"tag": "holdout-A"})),
            (Front::Bare, "get_tickets_tag_visible", json!({"tag": "holdout-vis"})),
            (Front::Bare, "get_tickets_custom_status", json!({})),
            (Front::Bare, "get_tickets_by_user_my_dealt", json!({})),
            (Front::Bare, "get_tickets_by_user_my_history", json!({"suspended_by": "bob"})),
            (Front::Gateway, "get_tickets_185", json!({})),
            (Front::Gateway, "get_tickets_1961", json!({})),
            (Front::Gateway, "get_tickets_2429", json!({})),
            (Front::Gateway, "get_tickets_2556", json!({})),
            (Front::Gateway, "get_tickets_2561", json!({})),
            (Front::Gateway, "get_tickets_2563", json!({})),
            (Front::Gateway, "get_tickets_2612", json!({})),
            (Front::Gateway, "get_tickets_3075", json!({})),
            (Front::Gateway, "get_tickets_by_user_872", json!({"handled_by": "bob"})),
            (Front::Gateway, "get_tickets_by_user_compared_124", json!({})),
        ] {
            let rows = self.rows(exchange);
            let count = self.count(exchange);
            let mut s = self.without_worker(front).await;
            if let Some(oldest) = rows.last() {
                for _ in rows.len()..count {
                    s.bring(oldest, &also).await;
                }
            }
            for row in rows.iter().rev() {
                s.bring(row, &also).await;
            }
            s.play(exchange).await;
        }
    }

    fn data(&self, exchange: &str) -> Value {
        let mut exchanges = self.exchanges.iter();
        let exchange = exchanges.find(|known| known.name == exchange).unwrap();
        let answer: Value = serde_json::from_str(&exchange.answer.body).unwrap();
        answer["data"].clone()
    }

    fn rows(&self, exchange: &str) -> Vec<Value> {
        let data = self.data(exchange);
        let rows = data.get("items").unwrap_or(&data);
        rows.as_array().unwrap().clone()
    }

    fn count(&self, exchange: &str) -> usize {
        self.data(exchange)["count"].as_u64().unwrap() as usize
    }

    async fn approvals(&mut self) {
        let mut s = self.bare().await;
        s.fast("REQ20261124000052", "admin", "审批通过 ok", "admin").await;
        s.play(
            "status_running info_running approval_result_running get_approver_running \
            approve_node_result_running approve_not_participant approve_unknown_state \
            approve_state_other_node approve_true approve_after_finished info_finished logs_finished \
            get_approver_finished approval_result_finished_true operate_ticket_withdraw_after_finished",
        )
        .await;

        let mut s = self.bare().await;
        s.fast("REQ20261124000053", "admin", "reject", "admin").await;
        s.play(
            "approve_false_no_remark status_after_reject_no_remark status_rejected info_rejected \
            approval_result_rejected approve_node_result_rejected",
        )
        .await;
        s.fast("REQ20261124000054", "admin", "reject2", "admin").await;
        s.play("approve_false_with_remark").await;

        s.fast("REQ20261124000105", "carol", "x", "bob,dave").await;
        s.play("race_or_bob race_or_status race_or_result").await;

        // A trigger writes a status over the running ticket's.
        for (sn, status, exchange) in [
            ("REQ20261124000113", "CONFIRMED", "approve_while_confirmed"),
            ("REQ20261124000114", "FINISHED", "trigger_finished_result"),
        ] {
            s.fast(sn, "carol", "x", "admin").await;
            s.fake.set_status(&s.sn(sn), status).unwrap();
            s.play(exchange).await;
        }
    }

    /// Right after a decision, the worker has not closed the node yet: so it is where others have to decide, too.
    async fn decided_and_not_closed(&mut self) {
        let mut s = self.bare().await;
        s.nodes(&[(15, 225)]);
        s.make("REQ20261124000052", of(22, fast("admin", "审批通过 ok", "admin,bob"))).await;
        s.approve("REQ20261124000052", 225, "admin", "true", "looks good").await;
        s.play("approve_twice_immediately").await;
    }

    async fn odd_decisions(&mut self) {
        let mut s = self.bare().await;
        for number in 55..=58 {
            s.fast(&format!("REQ202611240000{number}"), "admin", "actval", "admin").await;
        }
        for (number, action) in [(55, "maybe"), (58, "")] {
            let sn = format!("REQ202611240000{number}");
            let body = json!({"sn": sn, "state_id": 15, "approver": "admin", "action": action, "remark": "r"});
            s.ask("approve", body).await;
        }
        s.play(
            "status_after_action_maybe approve_action_True status_after_action_True approve_action_False \
            status_after_action_empty",
        )
        .await;

        // Named in meta instead of the field.
        let mut s = self.bare().await;
        let mut request = fast("admin", "sp", "admin");
        request["meta"] = json!({"state_processors": {"15": "bob"}});
        s.make("REQ20261124000065", request).await;
        s.play("approve_state_processors_original").await;
    }

    async fn nodes(&mut self) {
        let mut s = self.bare().await;
        s.fast("REQ20261124000059", "admin", "opnode", "admin,bob").await;
        s.play(
            "status_opnode_before operate_node_no_action operate_node_no_fields operate_node_fields_empty \
            operate_node_field_bad_choice operate_node_claim operate_node_deliver \
            operate_node_state_garbage operate_node_state_str operate_node_transition_ok \
            status_opnode_after approval_result_opnode",
        )
        .await;

        s.fast("REQ20261124000066", "admin", "types", "bob").await;
        s.play("operate_node_null_value operate_node_blank_reject_remark_on_true").await;
        s.fast("REQ20261124000067", "admin", "types2", "bob").await;
        s.play("status_reject_blank operate_node_extra_field status_reject_node").await;
    }

    async fn withdrawals(&mut self) {
        let mut s = self.bare().await;
        s.fast("REQ20261124000060", "carol", "wd", "bob").await;
        s.play(
            "operate_ticket_bad_action operate_ticket_withdraw_no_operator operate_ticket_withdraw_ok \
            status_withdrawn info_withdrawn approval_result_withdrawn approve_after_withdraw \
            operate_ticket_withdraw_again",
        )
        .await;
        s.fast("REQ20261124000061", "carol", "wd2", "bob").await;
        s.play("operate_ticket_withdraw_by_admin").await;
    }

    async fn suspensions(&mut self) {
        let mut s = self.bare().await;
        s.fast("REQ20261124000062", "carol", "susp", "bob").await;
        s.play(
            "operate_ticket_suspend_no_message operate_ticket_suspend_creator_not_processor \
            operate_ticket_suspend_ok status_suspended approval_result_suspended \
            operate_ticket_suspend_again operate_ticket_unsuspend_no_message operate_ticket_unsuspend_ok \
            operate_ticket_suspend_ok2",
        )
        .await;
        s.ask(
            "approve",
            json!({"sn": "REQ20261124000062", "state_id": 15, "approver": "bob", "action": "true"}),
        )
        .await;
        s.play("status_approved_while_suspended").await;

        s.fast("REQ20261124000063", "carol", "susp wd", "bob").await;
        s.play("operate_ticket_suspend_ok3").await;
        s.ask("operate_ticket", json!({"sn": "REQ20261124000063", "operator": "carol", "action_type": "WITHDRAW", "action_message": "x"})).await;
        s.play("status_withdrawn_from_suspended").await;

        s.fast("REQ20261124000064", "carol", "term", "bob").await;
        s.play("operate_ticket_terminate_creator operate_ticket_terminate_no_message").await;
        s.ask("operate_ticket", json!({"sn": "REQ20261124000064", "operator": "bob", "action_type": "TERMINATE", "action_message": "x"})).await;
        s.play("status_terminated approval_result_terminated operate_ticket_suspend_after_over")
            .await;

        s.fast("REQ20261124000147", "carol", "x", "bob").await;
        s.play(
            "operate_ticket_message_256 operate_ticket_message_empty operate_ticket_username_only \
            operate_ticket_terminate_by_iam_admin",
        )
        .await;
    }

    async fn slow_workers(&mut self) {
        // The start fails.
        let mut s = self.bare().await;
        let mut request = fast("admin", "stuck emoji content", "admin");
        request["fields"][2]["value"] = json!("hi 🚀");
        s.make_without_waiting("REQ20261124000098", request).await;
        s.play("create_stuck_creator_int create_stuck_approver_list").await;
        s.runs("REQ20261124000100").await;
        s.play(
            "stuck_status stuck_info stuck_logs stuck_approval_result get_ticket_info_post \
            get_ticket_info_body_sn get_ticket_logs_post get_ticket_logs_body_sn \
            get_ticket_status_body_sn stuck_status_after_withdraw stuck_terminate_by_admin \
            stuck_status_creator_int stuck_status_approver_list",
        )
        .await;

        // The worker is at the node where tickets are made.
        let mut s = self.scene(Front::Bare, |options| options.in_creation = FOR_EVER).await;
        s.make_without_waiting("REQ20261124000101", fast("admin", "race", "admin")).await;
        s.is_taken_up("REQ20261124000101").await;
        s.play("status_immediately_after_create").await;
        s.make_without_waiting("REQ20261124000136", fast("dave", "att", "admin")).await;
        s.is_taken_up("REQ20261124000136").await;
        s.ask(
            "add_follower",
            json!({"sn": "REQ20261124000136", "users": "dave", "attention": true}),
        )
        .await;
        s.play("get_tickets_by_user_attention_dave").await;
        let mut s = self.scene(Front::Gateway, |options| options.in_creation = FOR_EVER).await;
        s.make_without_waiting("REQ20261125000002", fast("carol", "t", "bob")).await;
        s.is_taken_up("REQ20261125000002").await;
        s.play("get_ticket_status_18").await;

        // There is no worker, and then it is back.
        let mut s = self.scene(Front::Bare, |options| options.start_after = FOR_EVER).await;
        s.play("create_worker_down worker_down_status worker_down_info worker_down_logs").await;
        s.make_without_waiting("REQ20261124000145", fast("admin", "worker down 2", "admin")).await;
        s.play("worker_down_terminate").await;
        for sn in ["REQ20261124000144", "REQ20261124000145"] {
            s.fake.take_up(&s.sn(sn)).unwrap();
        }
        s.play("worker_back_status_terminated_one worker_back_status").await;
        let mut s = self.scene(Front::Gateway, |options| options.start_after = FOR_EVER).await;
        s.make_without_waiting("REQ20261125000003", fast("carol", "开户 申请", "bob")).await;
        s.play("get_ticket_status_74").await;
        s.make_without_waiting("REQ20261125000186", fast("carol", "worker is slow", "bob")).await;
        s.play("get_ticket_info_3007 get_ticket_logs_3009").await;

        // A ticket that was made, and then refused.
        let mut s = self.bare().await;
        let mut request = fast("ghostmaker", "ghost", "admin");
        request["dynamic_fields"] = json!([{"name": "n", "type": "TEXT", "value": "v"}]);
        s.make_a_ghost("REQ20261124000146", request).await;
        s.play("ghost_status ghost_logs").await;
    }

    async fn callbacks(&mut self) {
        let titles = ["ok202", "s500", "s404", "nonjson"];
        let mut s = self.bare().await;
        for (number, title) in (70..).zip(titles) {
            let sn = format!("REQ202611240000{number}");
            s.fast(&sn, "admin", &format!("cbk {title}"), "admin").await;
            s.fake.approve(&s.sn(&sn), "admin").await.unwrap();
        }
        let failed: Vec<_> = (70..=88).map(|number| format!("REQ202611240000{number}")).collect();
        s.fake.mark_failed(failed.iter().map(|sn| s.sn_or_itself(sn)));
        s.play(
            "callback_failed_listed approval_result_clears_failed callback_failed_after_clear \
            approval_result_order approval_result_mixed approval_result_string_sn",
        )
        .await;
        let mut s = self.gateway().await;
        s.fake.mark_failed(["REQ20261125000107".to_owned()]);
        s.play("callback_failed_ticket_2070").await;
    }

    async fn follow_up(&mut self) {
        let mut s = self.bare().await;
        s.fast("REQ20261124000102", "carol", "x", "bob").await;
        s.play("add_follower edit_field_missing edit_field_unknown comment_not_finished").await;
        let fields = json!([{"key": "title", "value": "edited", "type": "STRING"}]);
        s.ask(
            "edit_field",
            json!({"sn": "REQ20261124000102", "operator": "carol", "fields": fields}),
        )
        .await;
        s.play("info_after_edit proceed_approval_no_auth_non_participant").await;
        s.ask("proceed_approval", json!({"process_inst_id": "REQ20261124000102", "activity": 15, "submit_action": "true", "submit_opinion": "x", "handler": "bob"})).await;
        s.play("status_after_proceed_approval").await;

        let mut s = self.bare().await;
        let mut request = fast("carol", "meta visible", "admin");
        request["tag"] = json!("holdout-vis");
        request["meta"] = json!({"callback_url": "http://itsm.example.com/ok"});
        s.make("REQ20261124000132", request).await;
        s.play("info_with_meta_and_tag create_title_trim create_title_cjk_128").await;
        s.runs("REQ20261124000140").await;
        s.runs("REQ20261124000141").await;
        s.play("info_title_trim info_title_cjk_128").await;

        // A ticket from another one.
        s.means("\"from_ticket_id\": 135", "\"from_ticket_id\": 2");
        s.play("create_from_ticket_id_ok").await;

        let fields = json!([
            {"key": "title", "value": "svc1"}, {"key": "apply_content", "value": "x"},
            {"key": "apply_reason", "value": "r"}, {"key": "ZHIDINGSHENPIREN", "value": "admin"},
        ]);
        s.make("REQ20261124000117", json!({"creator": "admin", "service_id": 1, "fields": fields}))
            .await;
        s.play("service1_info").await;
    }
}

/// The same request for another service.
fn of(service: u64, mut request: Value) -> Value {
    request["fast_approval"] = json!(false);
    request["service_id"] = json!(service);
    request
}

impl Stage<'_> {
    /// Flows of other kinds.
    async fn flows(&mut self) {
        // Two of three.
        let mut s = self.bare().await;
        s.nodes(&[(15, 225)]);
        s.make("REQ20261124000103", of(22, fast("carol", "x", "admin,bob,dave"))).await;
        s.play("multi_approve_1 multi_status_after_1").await;
        s.fake.approve(&s.sn("REQ20261124000103"), "dave").await.unwrap();
        s.play("multi_result_ok").await;
        s.make("REQ20261124000104", of(22, fast("carol", "x", "admin,bob,dave"))).await;
        s.play("multi_reject_1 multi_status_after_reject_1 multi_reject_then_approve_2 multi_result_rejected").await;

        // A refusal terminates.
        let mut s = self.bare().await;
        s.nodes(&[(15, 35)]);
        s.make("REQ20261124000115", of(4, without_content(fast("carol", "x", "admin")))).await;
        s.play("reject_terminates reject_terminates_status").await;

        // The node may be handed over.
        let mut s = self.bare().await;
        s.nodes(&[(15, 285)]);
        s.make("REQ20261124000116", of(28, fast("carol", "x", "bob"))).await;
        s.play("node_deliver_no_message").await;
        s.fake.hand_over(&s.sn("REQ20261124000116"), "bob", "dave", "pls").await.unwrap();
        s.play("node_deliver_status node_terminate").await;

        // Two approvals.
        let mut s = self.bare().await;
        s.nodes(&[(42, 265), (43, 266)]);
        for number in 106..=109 {
            let (sn, title) = (format!("REQ20261124000{number}"), "two_f_t");
            s.of(&sn, 26, title).await;
        }
        let tt = s.sn("REQ20261124000106");
        s.fake.approve(&tt, "admin").await.unwrap();
        s.fake.approve(&tt, "admin").await.unwrap();
        s.play("two_tt_status2 two_tf_step1").await;
        s.fake.refuse(&s.sn("REQ20261124000107"), "admin", "r").await.unwrap();
        s.play("two_tf_status2 two_f_step1 two_f_status1").await;
        s.fake.refuse(&s.sn("REQ20261124000109"), "admin", "r").await.unwrap();
        s.play("two_f_t_step2 two_f_t_result").await;
    }

    async fn fields(&mut self) {
        let mut s = self.gateway().await;
        s.service(53, 21);
        s.play("create_ticket_834").await;
        s.runs("REQ20261125000029").await;
        s.play("get_ticket_info_839").await;
        s.fake.approve_saying(&s.sn("REQ20261125000029"), "bob", &long_remark()).await.unwrap();
        s.play("get_ticket_info_843").await;

        let mut s = self.gateway().await;
        let fields = json!([{"key": "title", "value": "关注+动态字段"}]);
        let request = json!({
            "creator": "carol", "service_id": 21, "fields": fields, "meta": {"envs": {"a": "b"}},
            "tag": "k3uggeou3t4cc7fnnuxolv2frf",
        });
        s.make("REQ20261125000030", request).await;
        let follow = |users: &str, attention: bool| json!({"sn": "REQ20261125000030", "users": users, "attention": attention});
        s.ask("add_follower", follow("carol", true)).await;
        s.play("get_tickets_by_user_864").await;
        s.ask("add_follower", follow("erin,frank", true)).await;
        s.play("get_tickets_by_user_866").await;
        s.ask("add_follower", follow("erin", false)).await;
        s.play(
            "get_tickets_by_user_868 get_tickets_by_user_873 edit_field_875 edit_field_877 edit_field_879 \
            edit_field_880 get_tickets_886 get_tickets_by_user_870",
        )
        .await;
        let fields = json!([{"key": "title", "value": "x"}]);
        s.make(
            "REQ20261125000031",
            json!({"creator": "carol", "service_id": 21, "fields": fields}),
        )
        .await;
        s.play("edit_field_910").await;
        s.fake.approve(&s.sn("REQ20261125000031"), "bob").await.unwrap();
        s.play("operate_ticket_931").await;

        // What is required.
        let mut s = self.gateway().await;
        s.service(54, 23);
        s.play("create_ticket_933 create_ticket_934 create_ticket_936 create_ticket_939").await;
        let mut s = self.gateway().await;
        s.service(54, 24);
        s.play("create_ticket_941").await;
        let mut s = self.gateway().await;
        s.service(14, 25);
        s.play("create_ticket_207").await;
    }

    async fn second_server(&mut self) {
        let mut s = self.gateway().await;
        s.play("create_ticket_2").await;
        s.runs("REQ20261125000001").await;
        s.play("get_ticket_status_3").await;
        s.fast("REQ20261125000003", "carol", "开户 申请", "bob").await;
        s.approve("REQ20261125000003", 15, "bob", "true", "同意").await;
        s.play(
            "ticket_approval_result_92 get_approve_node_result_100 get_approver_101 comment_102 \
            get_ticket_status_2575 get_ticket_status_2581",
        )
        .await;

        let mut s = self.gateway().await;
        s.of("REQ20261125000013", 20, "x").await;
        s.play("operate_ticket_383").await;
        s.of("REQ20261125000015", 32, "x").await;
        s.play("get_ticket_status_417").await;
        s.of("REQ20261125000016", 20, "x").await;
        s.fake.approve(&s.sn("REQ20261125000016"), "bob").await.unwrap();
        s.play("operate_ticket_442").await;
        s.of("REQ20261125000017", 14, "转单").await;
        let deliver = json!({
            "sn": "REQ20261125000017", "state_id": 135, "operator": "bob", "action_type": "DELIVER",
            "processors_type": "PERSON", "processors": "dave", "action_message": "我休假",
        });
        s.ask("operate_node", deliver).await;
        s.approve("REQ20261125000017", 135, "dave", "true", "代审").await;
        s.play("get_ticket_logs_502").await;
        s.nodes(&[(188, 275)]);
        s.of("REQ20261125000018", 27, "认领").await;
        s.play("operate_node_513").await;

        let mut s = self.gateway().await;
        for (sn, title) in [("REQ20261125000022", "打回"), ("REQ20261125000024", "打回3")] {
            s.of(sn, 9, title).await;
            s.approve(sn, 85, "bob", "false", "补材料").await;
            let fields = json!([{"key": "XIUGAI", "value": "补了"}]);
            s.ask("operate_node", json!({"sn": sn, "state_id": 86, "operator": "carol", "action_type": "TRANSITION", "fields": fields})).await;
        }
        s.approve("REQ20261125000022", 85, "dave", "true", "好了").await;
        let deliver = json!({
            "sn": "REQ20261125000024", "state_id": 85, "operator": "dave", "action_type": "DELIVER",
            "processors_type": "PERSON", "processors": "erin", "action_message": "帮看",
        });
        s.ask("operate_node", deliver).await;
        s.approve("REQ20261125000024", 85, "erin", "true", "好了").await;
        s.play("get_ticket_logs_608 get_ticket_logs_657").await;

        let mut s = self.gateway().await;
        s.of("REQ20261125000027", 13, "签字").await;
        s.play("get_ticket_status_722").await;
        s.of("REQ20261125000070", 11, "失败单").await;
        s.fake.fail_automatic(&s.sn("REQ20261125000070")).unwrap();
        s.approve("REQ20261125000070", 105, "bob", "true", "好").await;
        s.fake.retry_automatic(&s.sn("REQ20261125000070")).unwrap();
        s.play("get_ticket_logs_1476").await;
        s.of("REQ20261125000097", 33, "自定义").await;
        s.fake.approve(&s.sn("REQ20261125000097"), "bob").await.unwrap();
        s.play("get_ticket_status_1919").await;
        s.of("REQ20261125000154", 20, "撤A").await;
        s.play("operate_ticket_2721").await;
        s.ask("operate_ticket", json!({"sn": "REQ20261125000154", "operator": "admin", "action_type": "WITHDRAW", "action_message": "x"})).await;
        s.play("get_ticket_logs_2730").await;

        // People named at creation, for nodes that are claimed or may be handed over.
        let mut s = self.gateway().await;
        s.service(42, 27);
        s.service(43, 14);
        s.nodes(&[(188, 275), (192, 135)]);
        s.play("create_ticket_2676 create_ticket_2681 create_ticket_2811").await;

        // The comparison.
        let mut s = self.gateway().await;
        let mut request = fast("carol", "标题 a", "admin,bob");
        request["fields"][2]["value"] = json!("x");
        s.make("REQ20261125000138", request).await;
        s.play(
            "approve_compared_35 approve_compared_36 operate_node_compared_132 operate_node_compared_133 \
            operate_node_compared_134 get_tickets_compared_104 edit_field_compared_68",
        )
        .await;
        let fields = json!([{"key": "APPROVAL_CONTENT", "value": "n", "type": "TEXT"}]);
        s.ask(
            "edit_field",
            json!({"sn": "REQ20261125000138", "operator": "carol", "fields": fields}),
        )
        .await;
        for action in ["SUSPEND", "SUSPEND", "UNSUSPEND", "UNSUSPEND"] {
            let body = json!({"sn": "REQ20261125000138", "operator": "bob", "action_type": action, "action_message": "m"});
            s.ask("operate_ticket", body).await;
        }
        s.approve("REQ20261125000138", 15, "bob", "true", "好").await;
        s.play("edit_field_compared_67 get_ticket_logs_compared_84 comment_compared_41 comment_compared_42").await;
        s.ask(
            "comment",
            json!({"sn": "REQ20261125000138", "operator": "carol", "stars": 5, "comments": ""}),
        )
        .await;
        s.play("comment_compared_39").await;
        s.fast("REQ20261125000139", "carol", "标题 b", "bob").await;
        s.play("operate_ticket_compared_138").await;
    }

    async fn fronts(&mut self) {
        let mut s = self.scene(Front::Esb, |_| ()).await;
        s.fast("REQ20261125000155", "carol", "ESB 审批", "bob").await;
        s.play("operate_node_2739 get_ticket_info_2755 get_ticket_logs_2756 ticket_approval_result_2757").await;
        let mut s = self.scene(Front::LegacyEsb, |_| ()).await;
        s.play("create_ticket_2758").await;
        s.runs("REQ20261125000156").await;
        s.approve("REQ20261125000156", 15, "bob", "false", "不").await;
        s.play("get_tickets_2766 get_ticket_logs_2769").await;

        let mut s = self.scene(Front::Bare, |options| options.wants_token = true).await;
        s.play(
            "auth_none auth_garbage_jwt auth_get_none auth_get_garbage_jwt jwt_ok jwt_unknown_kid",
        )
        .await;

        // The same flow on both sides.
        for (front, exchange) in [
            (Front::Esb, "get_workflow_detail_143"),
            (Front::LegacyEsb, "get_workflow_detail_152"),
            (Front::Gateway, "get_service_detail_136"),
        ] {
            let mut s = self.scene(front, |_| ()).await;
            s.service(33, 20);
            s.play(exchange).await;
        }
        let mut s = self.gateway().await;
        s.service(53, 21);
        s.play("get_service_detail_833").await;
        let mut s = self.gateway().await;
        s.play("service_catalog_106 get_service_catalogs_132").await;
        // The project is not there yet.
        let mut s = self.gateway().await;
        s.means("\"project_key\": \"cmdb\"", "\"project_key\": \"not yet\"");
        s.play("import_service_107").await;
    }
}

/// A request for services that ask for approvers alone.
fn without_content(mut request: Value) -> Value {
    request["fields"].as_array_mut().unwrap().pop();
    request
}

/// The recorded remark.
fn long_remark() -> String {
    "长".repeat(3_000)
}
